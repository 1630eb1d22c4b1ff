# SPDX-License-Identifier: Apache-2.0
"""Workflows in a database of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from inventory_service.core.database.engine import Database
    from tests.service.workflow_rows import Workflows


@pytest.fixture
def workflows(store: Database) -> Workflows:
    from tests.service.workflow_rows import Workflows  # noqa: PLC0415 (rules are tested without it)

    found = Workflows(store)
    found.prepare()
    return found
