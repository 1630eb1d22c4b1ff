# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A limit selects as the service resolves it: tests/contract/test_run_modules.py compares."""

from __future__ import annotations

import pytest
from ansible_collections.quartermaster.fleet.plugins.module_utils._service.orders import (
    OrderRefused,
    select_hosts,
)

GROUPS = {"web-1": ["web"], "web-2": ["web", "env_prod"], "db-1": ["data"]}


@pytest.mark.parametrize(
    ("limit", "hosts"),
    [
        ("", ["db-1", "web-1", "web-2"]),
        ("all", ["db-1", "web-1", "web-2"]),
        ("al?", ["db-1", "web-1", "web-2"]),
        ("web", ["web-1", "web-2"]),
        ("web-?,!env_*", ["web-1"]),
        ("!web", ["db-1"]),
        ("db-1:web-2", ["db-1", "web-2"]),
        ("db-1 web-1", ["db-1", "web-1"]),
    ],
)
def test_a_limit_selects(limit: str, hosts: list[str]) -> None:
    assert select_hosts(limit, GROUPS) == hosts


@pytest.mark.parametrize("limit", ["web-9", "web,web-9", "!all", ",", "-i", "web[12]", "@file"])
def test_a_limit_that_selects_nothing_is_refused(limit: str) -> None:
    with pytest.raises(OrderRefused, match="The limit"):
        select_hosts(limit, GROUPS)
