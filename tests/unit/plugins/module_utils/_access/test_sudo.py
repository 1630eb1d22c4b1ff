# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules of sudo: who has one, and whose is taken away."""

from __future__ import annotations

import pytest
from ansible_collections.quartermaster.fleet.plugins.module_utils._access.settings import HEADER
from ansible_collections.quartermaster.fleet.plugins.module_utils._access.sudo import (
    INCLUDE,
    RULE,
    render,
    without,
)


def test_without_anybody_there_is_no_file() -> None:
    assert render([]) == ""


def test_special_characters_of_a_name_are_escaped() -> None:
    assert render(["ada", "eve@example.org"]) == f"{HEADER}ada {RULE}\neve\\@example.org {RULE}\n"


@pytest.mark.parametrize(
    ("names", "gone", "left"),
    [
        (["ada", "eve"], ["eve"], ["ada"]),
        (["ada", "eve@x"], ["eve@x"], ["ada"]),
        (["eve"], ["eve"], []),
        (["eve"], ["ev"], ["eve"]),
    ],
)
def test_who_leaves_has_no_rule_any_more(
    names: list[str], gone: list[str], left: list[str]
) -> None:
    assert without(render(names), gone) == render(left)


def test_a_file_of_which_nobody_leaves_stays_as_it_is() -> None:
    assert without(HEADER, ["eve"]) == HEADER


@pytest.mark.parametrize(
    ("text", "is_read"),
    [
        ("Defaults x\n@includedir /etc/sudoers.d\n", True),
        ("#includedir /etc/sudoers.d/\n", True),
        ("# includedir /etc/sudoers.d\n", False),
        ("", False),
    ],
)
def test_whether_sudo_reads_the_folder_is_known(text: str, *, is_read: bool) -> None:
    assert bool(INCLUDE.search(text)) == is_read
