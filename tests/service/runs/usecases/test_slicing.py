# SPDX-License-Identifier: Apache-2.0
"""A run is sliced as its order wants, and only if its playbook allows it."""

from dataclasses import replace
from typing import Any

import pytest

from inventory_service.core.database.engine import Database
from inventory_service.core.errors import BadInput, Conflict
from inventory_service.runs.domain.orders import RelaunchOrder, RunOrder
from inventory_service.runs.usecases.orders import order_run, relaunch_run
from tests.service.run_rows import OPERATOR, SOURCES, add_template, order

FOUND = ["a.yml, task 'x': run_once", "b", "c", "d", "e"]
STRICT = replace(SOURCES, list_obstacles=lambda _playbook: FOUND)

#: Fields of the template and of the order for three hosts, and how many slices the run gets.
COUNTS: list[tuple[dict[str, Any], dict[str, Any], int]] = [
    ({}, {}, 0),
    ({}, {"slices": 2}, 2),
    ({}, {"slices": 9}, 3),
    ({}, {"slices": 2, "limit": "db-1"}, 0),
    ({"slices": 3}, {}, 3),
    ({"slices": 3}, {"slices": 1}, 0),
    ({"slices": 3}, {"slices": 2}, 2),
    ({"slices": 3}, {"plan": True}, 0),
    ({"slices": 3}, {"check": True}, 3),
]


@pytest.mark.parametrize(("fields", "wanted", "count"), COUNTS)
def test_a_run_gets_the_slices_of_its_order_or_template(
    store: Database, fields: dict[str, Any], wanted: dict[str, Any], count: int
) -> None:
    with store.writing() as session:
        add_template(session, **fields)
        assert order(session, **wanted).slice_count == count


def test_a_plan_is_not_sliced(store: Database) -> None:
    with store.writing() as session:
        add_template(session)
        with pytest.raises(BadInput, match="A plan is one run"):
            order(session, plan=True, slices=2)


def test_what_forbids_slices_is_named_unless_they_are_forced(store: Database) -> None:
    with store.writing() as session:
        add_template(session)
        add_template(session, "forced", slices=2, force_slices=True)
        wanted = RunOrder(template="deploy", slices=2)
        with pytest.raises(
            Conflict, match=r"a\.yml, task 'x': run_once; b; c and 2 more\. .* --force-slices"
        ):
            order_run(session, OPERATOR, wanted, sources=STRICT)
        for given in (
            wanted.model_copy(update={"force_slices": True}),
            RunOrder(template="forced"),
        ):
            run = order_run(session, OPERATOR, given, sources=STRICT)
            assert (run.slice_count, run.options["force_slices"]) == (2, True)
        plain = order_run(session, OPERATOR, RunOrder(template="deploy"), sources=STRICT)
        assert plain.slice_count == 0
        assert "force_slices" not in plain.options


def test_a_relaunch_asks_the_playbook_again_unless_it_was_forced(store: Database) -> None:
    with store.writing() as session:
        add_template(session)
        for is_forced in (False, True):
            run = order(session, slices=2, force_slices=is_forced)
            run.cancel(OPERATOR, None)
            if is_forced:
                again = relaunch_run(session, OPERATOR, run.id, RelaunchOrder(), sources=STRICT)
                assert again.slice_count == 2
            else:
                with pytest.raises(Conflict, match="run_once"):
                    relaunch_run(session, OPERATOR, run.id, RelaunchOrder(), sources=STRICT)


def test_a_playbook_that_begins_on_localhost_is_not_sliced(store: Database) -> None:
    with store.writing() as session:
        add_template(session, limit_variable="targets")
        with pytest.raises(Conflict, match="by the variable targets, so that each slice has all"):
            order(session, slices=2)
        assert order(session, slices=2, force_slices=True).slice_count == 2
