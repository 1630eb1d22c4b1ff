# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The matrix as people read it: who reaches whom, by which path, and what differs."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.quartermaster.fleet.plugins.module_utils._firewall import matrix


def probe(target: str, port: int, answer: str, *, allowed: bool, **more: t.Any) -> dict[str, t.Any]:
    own = {"path": "mesh", "address": "10.90.0.9", "from": "web", "to": "db"}
    return {**own, "target": target, "port": port, "answer": answer, "allowed": allowed, **more}


def test_a_table_has_a_letter_for_each_way_to_be_reached() -> None:
    measured = {
        "one": [
            probe("two", 22, "open", allowed=True),
            probe("two", 80, "silent", allowed=False),
            probe("two", 22, "silent", allowed=False, path="public"),
            probe("three", 22, "open", allowed=True),
        ],
        "two": [probe("one", 22, "silent", allowed=True)],
    }

    found = matrix.compare(measured)

    assert found["lines"] == [
        "from ↓ to →  1  2  3",
        "1 one        -  A  B",
        "2 three      -  -  -",
        "3 two        C  -  -",
        "A = mesh 22",
        "B = public nothing; mesh 22",
        "C = mesh 22!",
    ]
    assert found["differences"] == [
        "two → one port 22 over mesh (10.90.0.9): allowed by the policy, measured silent"
    ]


def test_a_port_is_wrong_if_it_is_so_once() -> None:
    measured = {
        "one": [probe("two", 22, answer, allowed=True) for answer in ("open", "silent", "open")]
    }

    assert matrix.compare(measured)["lines"][-1] == "A = mesh 22!"


def test_what_answers_against_the_policy_differs() -> None:
    found = matrix.compare({"one": [probe("two", 80, "open", allowed=False)]})

    assert found["lines"][-1] == "A = mesh 80!"
    assert "refused by the policy, measured open" in found["differences"][0]


@pytest.mark.parametrize(("count", "is_wide"), [(24, False), (25, True)])
def test_a_table_that_is_too_wide_is_one_of_zones(count: int, *, is_wide: bool) -> None:
    measured = {"n1": [probe(f"n{n}", 22, "open", allowed=True) for n in range(2, count + 1)]}

    lines = matrix.compare(measured)["lines"]

    assert ("2 web" in "\n".join(lines)) is is_wide
    assert len(lines) == (2 if is_wide else count) + 2


def test_nobody_is_a_sentence() -> None:
    assert matrix.compare({})["lines"] == ["nobody was asked"]


@pytest.mark.parametrize(
    ("index", "letter"), [(0, "A"), (25, "Z"), (26, "A1"), (51, "Z1"), (52, "A2")]
)
def test_letters_go_on_with_numbers(index: int, letter: str) -> None:
    assert matrix._letter(index) == letter
