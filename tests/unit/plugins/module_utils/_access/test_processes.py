# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Processes of an account, and those that lead to the present one."""

from __future__ import annotations

import os

from ansible_collections.quartermaster.fleet.plugins.module_utils._access.processes import (
    Process,
    find_ancestors,
    find_of,
    read_all,
)

EVE, ROOT = 1002, 0
TREE = {
    1: Process(1, 0, frozenset({ROOT})),
    10: Process(10, 1, frozenset({ROOT})),
    11: Process(11, 10, frozenset({EVE})),
    12: Process(12, 11, frozenset({ROOT})),
    13: Process(13, 12, frozenset({ROOT})),
    # Its parent has ended, but it is on record who logged in.
    20: Process(20, 1, frozenset({ROOT, EVE})),
    30: Process(30, 1, frozenset({1003})),
}


def test_what_an_account_started_as_root_belongs_to_it() -> None:
    assert find_of(EVE, TREE) == {11, 12, 13, 20}


def test_who_led_to_a_process_is_known() -> None:
    assert [process.pid for process in find_ancestors(13, TREE)] == [13, 12, 11, 10, 1]


def test_processes_are_read_from_the_kernel() -> None:
    own = read_all()[os.getpid()]

    assert own.parent == os.getppid()
    assert os.getuid() in own.uids
