# SPDX-License-Identifier: Apache-2.0
"""A secret answer is in no row and no answer of the API as it is, and comes back whole."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from inventory_service.core.database.base import Base
from inventory_service.core.database.engine import Database
from inventory_service.core.errors import BadInput, Conflict
from inventory_service.core.redaction import HIDDEN
from inventory_service.runs.domain.orders import RelaunchOrder, RunOrder
from inventory_service.runs.domain.states import RunState
from inventory_service.runs.models.runs import Run
from inventory_service.runs.usecases.claims import end_run
from inventory_service.runs.usecases.orders import (
    describe_draft,
    draft_run,
    order_run,
    relaunch_run,
)
from inventory_service.runs.usecases.secret_answers import hide_secrets, open_secrets
from inventory_service.runs.usecases.surveys import check_answers, check_survey
from tests.service.run_rows import OPERATOR, SOURCES, add_template, seal, start, unseal

SENTINEL = "hunter2 & co"
SURVEY = {
    "type": "object",
    "properties": {
        "pin": {"type": "string", "writeOnly": True, "minLength": 4},
        "db_password": {"type": "string"},
        "version": {"type": "string", "writeOnly": False},
        "count": {"type": "integer", "writeOnly": True},
    },
}
#: What is given, what is shown of it, the names of what is sealed.
ANSWERS: list[tuple[dict[str, Any], dict[str, Any], list[str]]] = [
    ({}, {}, []),
    ({"version": "1"}, {"version": "1"}, []),
    ({"pin": SENTINEL}, {"pin": HIDDEN}, ["pin"]),
    (
        {"db_password": "x", "version": "1"},
        {"db_password": HIDDEN, "version": "1"},
        ["db_password"],
    ),
    ({"count": 7, "pin": ""}, {"count": HIDDEN, "pin": HIDDEN}, ["count", "pin"]),
]


KEPT = replace(SOURCES, seal=seal, unseal=unseal)


@pytest.mark.parametrize(("given", "shown", "names"), ANSWERS)
def test_what_is_secret_is_shown_to_nobody_and_comes_back_as_it_was(
    given: dict[str, Any], shown: dict[str, Any], names: list[str]
) -> None:
    hidden, sealed = hide_secrets(SURVEY, given, seal)
    assert hidden == shown
    assert (sealed is None) == (not names)
    opened = open_secrets(sealed, unseal)
    assert sorted(opened) == names
    assert hidden | opened == given


def test_what_stands_in_place_of_a_secret_is_no_answer() -> None:
    with pytest.raises(BadInput, match="'pin' is secret") as caught:
        hide_secrets(SURVEY, {"pin": HIDDEN, "version": HIDDEN}, seal)
    assert [one.field for one in caught.value.field_errors] == ["answers.pin"]


def test_without_a_key_a_secret_answer_is_refused_and_another_is_not(store: Database) -> None:
    with store.writing() as session:
        add_template(session, survey=SURVEY)
        draft_run(session, OPERATOR, _order(version="1"), sources=SOURCES)
        with pytest.raises(Conflict, match="no key"):
            draft_run(session, OPERATOR, _order(pin=SENTINEL), sources=SOURCES)


def test_no_row_has_a_secret_answer_as_it_is_and_a_relaunch_has_it_again(store: Database) -> None:
    with store.writing() as session:
        add_template(session, survey=SURVEY)
        order = _order(pin=SENTINEL, db_password=SENTINEL, version="1")
        run_id = order_run(session, OPERATOR, order, sources=KEPT).id
    with store.writing() as session:
        [taken] = start(session)
        end_run(session, taken, RunState.SUCCESSFUL, None, exit_code=0)
    with store.writing() as session:
        again = relaunch_run(session, OPERATOR, run_id, RelaunchOrder(), sources=KEPT)
        assert open_secrets(again.sealed_answers, unseal)["pin"] == SENTINEL
        assert again.answers == {"pin": HIDDEN, "db_password": HIDDEN, "version": "1"}
    with store.reading() as session:
        for table in Base.metadata.sorted_tables:
            rows = session.execute(text(f'SELECT * FROM "{table.name}"')).all()  # noqa: S608 - names of our own tables
            assert SENTINEL not in str(rows), table.name
        assert SENTINEL not in str(session.get_one(Run, run_id).as_dict())


def test_a_preview_shows_no_secret(store: Database) -> None:
    with store.writing() as session:
        add_template(session, survey=SURVEY)
        draft = draft_run(session, OPERATOR, _order(pin=SENTINEL), sources=KEPT)
        assert SENTINEL not in str(describe_draft(draft))


def test_a_fault_of_a_secret_answer_does_not_name_its_value(store: Database) -> None:
    with store.reading() as session, pytest.raises(BadInput) as caught:
        check_answers(session, SURVEY, {"pin": "abc", "db_password": 77_777})
    shown = {one.field: one.reason for one in caught.value.field_errors}
    assert shown == {
        "answers.pin": "does not fit `minLength` of its question",
        "answers.db_password": "does not fit `type` of its question",
    }


def test_a_secret_question_has_no_default() -> None:
    question = {"type": "string", "writeOnly": True, "default": "abc"}
    with pytest.raises(BadInput, match="would be read by all"):
        check_survey({"type": "object", "properties": {"pin": question}})


def _order(**answers: Any) -> RunOrder:
    return RunOrder(template="deploy", answers=answers)
