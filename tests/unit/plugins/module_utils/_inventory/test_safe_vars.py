# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which names the plugin and the script take from the service; others are named once."""

from __future__ import annotations

import pytest
from ansible_collections.quartermaster.fleet.plugins.module_utils._inventory.safe_vars import (
    MAX_REPORTED,
    SkippedVariables,
    find_name_fault,
)


@pytest.mark.parametrize("name", ["motd", "_own", "ansible", "ansible_port", "ranges", "a" * 128])
def test_a_name_that_is_only_data_is_taken(name: str) -> None:
    assert find_name_fault(name) is None


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("__ansible_unsafe", "could run code"),
        ("_ansible_no_log", "could run code"),
        ("ansible_connection", "could run code"),
        ("lookup", "keeps this name"),
        ("hostvars", "keeps this name"),
        ("provision_docker_host", "sets what runs on the controller"),
        ("retire_nodes", "sets what runs on the controller"),
        ("class", "no name for a variable"),
        ("a" * 129, "no name for a variable"),
        ("x\n", "no name for a variable"),
    ],
)
def test_a_name_that_could_do_more_is_left_out_with_the_reason(name: str, reason: str) -> None:
    assert reason in (find_name_fault(name) or "")


def test_a_variable_that_is_left_out_is_reported_once_with_its_first_host() -> None:
    skipped, warnings = SkippedVariables(), []
    for host in ("a", "b", "c"):
        assert not skipped.accept_name(host, "lookup")
        assert skipped.accept_name(host, "motd")
    skipped.report(warnings.append)
    assert warnings == [
        "The variable 'lookup' of a and 2 more is left out: Ansible keeps this name for itself."
    ]


def test_a_flood_of_variables_that_are_left_out_is_cut_short() -> None:
    skipped, warnings = SkippedVariables(), []
    for number in range(MAX_REPORTED + 2):
        skipped.accept_name("a", f"ansible_x{number}")
    skipped.report(warnings.append)
    assert len(warnings) == MAX_REPORTED + 1
    assert warnings[-1] == "2 further variables are left out."


def test_as_many_variables_as_are_reported_need_no_summary() -> None:
    skipped, warnings = SkippedVariables(), []
    for number in range(MAX_REPORTED):
        skipped.accept_name("a", f"ansible_x{number}")
    skipped.report(warnings.append)
    assert len(warnings) == MAX_REPORTED
    assert "further" not in warnings[-1]
