# SPDX-License-Identifier: Apache-2.0
"""A run that applies a plan is void as soon as its basis is another."""

from dataclasses import replace

import pytest

from inventory_service.core.database.engine import Database
from inventory_service.runs.usecases.plans import find_void
from tests.service.approvals.plan_rows import BASIS, add_template, apply, make_plan


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({}, None),
        ({"playbook": "x"}, "the playbook has changed since plan 1; order a new one"),
        (
            {"playbook": "x", "fleet": "x"},
            "the playbook and the fleet have changed since plan 1; order a new one",
        ),
        (
            {"order": "x", "playbook": "x", "fleet": "x"},
            "the order, the playbook and the fleet have changed since plan 1; order a new one",
        ),
    ],
)
def test_what_has_changed_is_named(
    store: Database, changes: dict[str, str], why: str | None
) -> None:
    with store.writing() as session:
        add_template(session)
        plan = make_plan(session)
        run = apply(session, plan)
        expected = why and why.replace("plan 1", f"plan {plan.id}")
        assert find_void(session, run, replace(BASIS, **changes)) == expected


def test_a_run_without_a_plan_is_never_void(store: Database) -> None:
    with store.writing() as session:
        add_template(session)
        assert find_void(session, make_plan(session), BASIS) is None
