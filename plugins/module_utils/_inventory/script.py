# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The document that an inventory script prints for Ansible."""

from __future__ import annotations

import typing as t

from .safe_vars import SkippedVariables, mark

if t.TYPE_CHECKING:
    from .document import Fleet


def make_document(fleet: Fleet, warn: t.Callable[[str], None]) -> dict[str, t.Any]:
    """Return the document for --list: groups with their hosts, and all variables of all hosts.

    Text that a template engine could run is in it as ``{"__ansible_unsafe": …}``, which every
    supported ansible-core takes for data (ansible-core, parsing/ajson.py, AnsibleJSONDecoder).
    """
    omissions = SkippedVariables()
    names = fleet.names
    document: dict[str, t.Any] = {
        "_meta": {
            "hostvars": {
                name: mark(variables, _mark_unsafe)
                for name, variables in zip(names, fleet.variables(omissions))  # noqa: B905 - equal
            }
        },
        "all": {"children": [*fleet.groups, "ungrouped"]},
    }
    for group, indexes in fleet.groups.items():
        document[group] = {"hosts": [names[index] for index in indexes]}
    omissions.report(warn)
    for name in sorted(fleet.groups.keys() & set(names)):
        warn(f"{name!r} is a host and a group; Ansible gives the variables of one to the other.")
    return document


def _mark_unsafe(text: str) -> dict[str, str]:
    return {"__ansible_unsafe": text}
