# SPDX-License-Identifier: Apache-2.0
"""`qm webhook` against a real service."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from inventory_service.core.encryption import make_key
from inventory_service.settings import Settings
from tests.service.cli.conftest import Service
from tests.service.webhook_rows import BODY, SURVEY, VALUES

Qm = Callable[..., Result]
Ask = Callable[..., Any]


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    playbooks = tmp_path / "checkout/playbooks"
    playbooks.mkdir(parents=True)
    (playbooks / "site.yml").write_text("[]\n", "utf-8")
    key = tmp_path / "secret.key"
    make_key(key)
    return Settings(
        database_url=database_url,
        log_level="error",
        playbooks_dir=playbooks.parent,
        secret_key_file=key,
    )


@pytest.fixture(autouse=True)
def _webhook(ask: Ask, mesh: str) -> None:
    words = ("node", "add", "web-1", "--type", "web", "--cluster", mesh)
    ask(*words, "--internal-ip", "10.0.0.1")
    ask(
        *("template", "add", "deploy", "--playbook", "playbooks/site.yml"),
        *("--filters", 'state=["planned"]', "--survey", "-"),
        stdin=json.dumps(SURVEY),
    )
    ask(
        *("webhook", "add", "release", "--template", "deploy", "--kind", "github"),
        *("--values", "-", "--limit", "web-*"),
        stdin=json.dumps(VALUES),
    )


def test_a_webhook_is_changed_and_gets_a_secret(ask: Ask, qm: Qm, tmp_path: Path) -> None:
    conditions = tmp_path / "conditions.json"
    conditions.write_text('[{"pointer": "/action", "one_of": ["released"]}]', "utf-8")
    ask("webhook", "set", "release", "--conditions", str(conditions), "--paused")
    shown = ask("webhook", "show", "release")
    assert (shown["is_paused"], shown["conditions"][0]["one_of"]) == (True, ["released"])
    made = ask("webhook", "secret", "release", "--reason", "first")
    assert len(made["secret"]) == 43
    again = ask("webhook", "secret", "release", "--overlap", "60")
    assert again["former_valid_until"]
    assert "No requests yet" in qm("webhook", "deliveries", "release").output


def test_a_preview_reads_a_body_from_a_file_or_standard_input(ask: Ask, qm: Qm) -> None:
    found = ask("webhook", "preview", "release", "-", stdin=json.dumps(BODY))
    assert found["run"]["answers"] == {"version": "v1.2"}
    result = qm("webhook", "preview", "release", "-", stdin="{}")
    assert result.exit_code == 1
    assert "/ref is empty" in result.stderr
    assert qm("webhook", "preview", "release", "/nowhere").exit_code == 2


def test_the_recipe_of_the_documentation_sends_a_request(ask: Ask, service: Service) -> None:
    text = (Path(__file__).parents[4] / "docs/webhooks.md").read_text("utf-8")
    recipe = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    assert recipe is not None
    names: dict[str, Any] = {}
    exec(recipe[1], names)  # noqa: S102 - our own documentation
    words = ("webhook", "add", "signed", "--template", "deploy", "--kind", "standard")
    ask(*words, "--values", "-", stdin=json.dumps(VALUES))
    secret = ask("webhook", "secret", "signed")["secret"]
    url = f"{service.url}/api/v1/webhooks/signed/deliveries"
    first, second = (names["send"](url, secret, "one", BODY) for _ in range(2))
    assert first == second
    assert first["outcome"] == "accepted"
