# SPDX-License-Identifier: Apache-2.0
"""Webhooks in a database of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from inventory_service.core.database.engine import Database
    from tests.service.webhook_rows import Webhooks


@pytest.fixture
def webhooks(store: Database, tmp_path: Path) -> Webhooks:
    from inventory_service.core.encryption import make_key  # noqa: PLC0415 (rules are tested without it)
    from tests.service.webhook_rows import Webhooks  # noqa: PLC0415 (rules are tested without it)

    key = tmp_path / "secret.key"
    make_key(key)
    found = Webhooks(store, key)
    found.add_template()
    return found
