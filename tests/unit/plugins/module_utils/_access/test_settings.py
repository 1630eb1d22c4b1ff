# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The drop-in file of sshd: what is always in it, what options change, and what they may not."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.quartermaster.fleet.plugins.module_utils._access.settings import (
    BASELINE,
    find_faults,
    render,
    values_of,
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (False, ["no"]),
        (True, ["yes"]),
        (3, ["3"]),
        ("no", ["no"]),
        ([22, 2222], ["22", "2222"]),
        ([], []),
    ],
)
def test_a_value_of_yaml_is_written_as_sshd_takes_it(value: t.Any, expected: list[str]) -> None:
    assert values_of(value) == expected


def test_an_option_replaces_the_default_in_whatever_letters() -> None:
    text = render({"x11forwarding": "yes", "Port": [22, 2222]}, "no", ["root", "ada"])
    lines = text.splitlines()

    assert [line for line in lines if line.lower().startswith("x11")] == ["x11forwarding yes"]
    assert [line for line in lines if line.startswith("Port")] == ["Port 22", "Port 2222"]
    assert "AllowUsers root ada" in lines
    assert "PermitRootLogin no" in lines


def test_nobody_allowed_by_name_lets_in_all() -> None:
    assert "AllowUsers" not in render({}, "no", [])


@pytest.mark.parametrize(
    "keyword", [*BASELINE, "AllowUsers", "Include", "Match", "permitROOTlogin"]
)
def test_what_the_role_decides_is_no_option(keyword: str) -> None:
    (fault,) = find_faults({keyword: "yes"}, [])

    assert f"{keyword.lower()}: the role decides it" in fault


@pytest.mark.parametrize(
    ("options", "allow_users", "is_taken"),
    [
        ({"X11Forwarding": "yes"}, [], True),
        ({"Port": [22, 2222]}, ["root@10.0.0.0/8", "deploy*"], True),
        ({"Max Sessions": 3}, [], False),
        ({"MaxSessions": ""}, [], False),
        ({"MaxSessions": []}, [], False),
        ({"MaxSessions": "3\nPasswordAuthentication yes"}, [], False),
        ({"MaxSessions": ["3", "3\r4"]}, [], False),
        ({"MaxSessions": 3, "maxsessions": 4}, [], False),
        ({}, ["root ada"], False),
        ({}, ["root\nPort 1"], False),
        ({}, [""], False),
    ],
)
def test_only_what_is_one_line_is_an_option(
    options: dict[str, t.Any], allow_users: list[str], *, is_taken: bool
) -> None:
    assert (not list(find_faults(options, allow_users))) == is_taken
