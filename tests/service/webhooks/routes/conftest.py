# SPDX-License-Identifier: Apache-2.0
"""A service with a template whose runs webhooks may order, and a key to seal secrets by."""

from pathlib import Path

import pytest

from inventory_service.core.encryption import make_key
from inventory_service.settings import Settings
from tests.service.conftest import Caller, make_node
from tests.service.webhook_rows import SURVEY


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    (tmp_path / "playbooks").mkdir()
    (tmp_path / "playbooks/site.yml").write_text("[]\n", "utf-8")
    key = tmp_path / "secret.key"
    make_key(key)
    return Settings(database_url=database_url, playbooks_dir=tmp_path, secret_key_file=key)


@pytest.fixture(autouse=True)
def _template(admin: Caller, cluster: str) -> None:
    make_node(admin, "web-1", state="active", cluster_id=cluster, internal_ip="10.0.0.1")
    template = {"template": "deploy", "playbook": "playbooks/site.yml", "survey": SURVEY}
    admin.post("/api/v1/templates", template)
