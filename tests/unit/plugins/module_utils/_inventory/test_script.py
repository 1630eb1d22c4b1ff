# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The document of the script has the shape that Ansible takes, with text marked as data."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.quartermaster.fleet.plugins.module_utils._inventory.document import (
    parse_fleet,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._inventory.script import (
    make_document,
)


def make(document: dict[str, t.Any]) -> tuple[dict[str, t.Any], list[str]]:
    warnings: list[str] = []
    fleet = parse_fleet(json.dumps(document).encode())
    return make_document(fleet, warnings.append), warnings


def test_groups_hosts_and_variables_stand_where_ansible_looks_for_them(
    columns: t.Callable[..., dict[str, t.Any]],
) -> None:
    given = columns("a", "b", groups={"web": [0, 1], "state_active": [1]})
    given["rows"][0][5] = {"note": ["{{ x }}", "plain"]}
    document, warnings = make(given)
    variables = document.pop("_meta")
    assert document == {
        "all": {"children": ["web", "state_active", "ungrouped"]},
        "web": {"hosts": ["a", "b"]},
        "state_active": {"hosts": ["b"]},
    }
    assert list(variables) == ["hostvars"]
    assert list(variables["hostvars"]) == ["a", "b"]
    assert variables["hostvars"]["a"]["note"] == [{"__ansible_unsafe": "{{ x }}"}, "plain"]
    assert not warnings


def test_a_host_with_the_name_of_a_group_is_told(
    columns: t.Callable[..., dict[str, t.Any]],
) -> None:
    __, warnings = make(columns("web", "b"))
    assert warnings == [
        "'web' is a host and a group; Ansible gives the variables of one to the other."
    ]
