# SPDX-License-Identifier: Apache-2.0
"""A survey asks only what JSON Schema can check by itself, and answers are data that fit it."""

import copy
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from inventory_service.core.database.engine import Database
from inventory_service.core.errors import BadInput
from inventory_service.fleet.domain.catalog import RetirementRequest
from inventory_service.fleet.domain.nodes import NodeState
from inventory_service.fleet.models.projects import Project
from inventory_service.fleet.usecases.catalog import retire_entry
from inventory_service.runs.usecases.surveys import (
    MOST_QUESTIONS,
    check_answers,
    check_survey,
    list_choices,
)
from tests.service.fleet_rows import (
    ACTOR,
    add_cluster,
    add_node,
    add_project,
    add_service,
    move_node,
)

#: For surveys that ask nothing about the fleet.
NO_SESSION = cast("Session", None)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "items", "enum", "default", "x-choices", "required", "x"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)
TYPES = st.sampled_from(["string", "array", "integer", "x"]) | JSON
WISH = {
    "type": "object",
    "properties": {
        "version": {"type": "string", "minLength": 1, "maxLength": 10},
        "count": {"type": "integer", "minimum": 1, "maximum": 5, "default": 2},
        "share": {"type": "number"},
        "is_forced": {"type": "boolean", "default": False},
        "colour": {"type": "string", "enum": ["blue", "green"]},
        "ports": {
            "type": "array",
            "items": {"type": "integer"},
            "minItems": 1,
            "maxItems": 2,
            "uniqueItems": True,
        },
    },
    "required": ["version"],
}


def ask(**questions: Any) -> dict[str, Any]:
    return {"type": "object", "properties": questions}


@pytest.mark.parametrize(
    "survey",
    [
        WISH,
        ask(),
        ask(retire_count={"type": "integer"}, provision_only={"type": "string"}),
        ask(where={"type": "string", "x-choices": "nodes"}),
        ask(where={"type": "array", "items": {"type": "string", "x-choices": "clusters"}}),
        ask(**{f"q{number}": {"type": "string"} for number in range(MOST_QUESTIONS)}),
        ask(x={"type": "string", "title": "X", "description": "What", "default": "{{ y }}"}),
        ask(ansible_user={"type": "string", "default": "root"}),
    ],
)
def test_a_survey_of_plain_questions_is_taken_and_left_as_it_is(survey: dict[str, Any]) -> None:
    before = copy.deepcopy(survey)
    check_survey(survey)
    assert survey == before


@pytest.mark.parametrize(
    ("survey", "field"),
    [
        ({}, "survey"),
        ({"type": "array", "properties": {}}, "survey"),
        ({"type": "object"}, "survey"),
        ({"type": "object", "properties": []}, "survey"),
        ({"$ref": "https://example.org/s.json"}, "survey.$ref"),
        (ask() | {"$defs": {}}, "survey.$defs"),
        (ask() | {"additionalProperties": True}, "survey.additionalProperties"),
        (ask() | {"required": ["x"]}, "survey.required"),
        (ask() | {"required": "x"}, "survey.required"),
        (ask() | {"required": [["x"]]}, "survey.required.0"),
        (ask() | {"title": 7}, "survey.title"),
        (ask(x="text"), "survey.properties.x"),
        (ask(x={}), "survey.properties.x"),
        (ask(x={"type": "object"}), "survey.properties.x"),
        (ask(x={"type": "null"}), "survey.properties.x"),
        (ask(x={"type": ["string", "null"]}), "survey.properties.x"),
        (ask(x={"$ref": "file:///etc/passwd"}), "survey.properties.x"),
        (ask(x={"type": "string", "$ref": "#/properties/x"}), "survey.properties.x.$ref"),
        (ask(x={"type": "string", "$dynamicRef": "#x"}), "survey.properties.x.$dynamicRef"),
        (ask(x={"type": "string", "pattern": "(a+)+$"}), "survey.properties.x.pattern"),
        (ask(x={"type": "string", "format": "uri"}), "survey.properties.x.format"),
        (ask(x={"type": "string", "allOf": []}), "survey.properties.x.allOf"),
        (ask(x={"type": "string", "items": {"$ref": "#"}}), "survey.properties.x.items"),
        (ask(x={"type": "string", "items": True}), "survey.properties.x.items"),
        (ask(x={"type": "array"}), "survey.properties.x.items"),
        (ask(x={"type": "array", "items": True}), "survey.properties.x.items"),
        (ask(x={"type": "array", "items": {"type": ["string"]}}), "survey.properties.x.items"),
        (
            ask(x={"type": "array", "items": {"type": "array", "items": {"type": "string"}}}),
            "survey.properties.x.items",
        ),
        (
            ask(x={"type": "array", "items": {"type": "string", "$ref": "#"}}),
            "survey.properties.x.items.$ref",
        ),
        (ask(x={"type": "string", "x-choices": "users"}), "survey.properties.x.x-choices"),
        (ask(x={"type": "string", "x-choices": None}), "survey.properties.x.x-choices"),
        (ask(x={"type": "string", "x-choices": ["nodes"]}), "survey.properties.x.x-choices"),
        (ask(x={"type": "integer", "x-choices": "nodes"}), "survey.properties.x.x-choices"),
        (
            ask(x={"type": "array", "items": {"type": "string"}, "x-choices": "nodes"}),
            "survey.properties.x.x-choices",
        ),
        (ask(x={"type": "string", "minLength": -1}), "survey.properties.x.minLength"),
        (ask(x={"type": "string", "enum": "a"}), "survey.properties.x.enum"),
        (ask(x={"type": "integer", "default": "7"}), "survey.properties.x.default"),
        (ask(x={"type": "integer", "minimum": 3, "default": 2}), "survey.properties.x.default"),
        (ask(x={"type": "string", "default": "\x1b[2J"}), "survey.properties.x.default"),
        (ask(ansible_host={"type": "string", "default": "-oX"}), "survey.properties.ansible_host"),
        (ask(ansible_connection={"type": "string"}), "survey.properties.ansible_connection"),
        (ask(_ansible_unsafe={"type": "string"}), "survey.properties._ansible_unsafe"),
        (ask(hostvars={"type": "string"}), "survey.properties.hostvars"),
        (ask(**{"{{ x }}": {"type": "string"}}), "survey.properties.{{ x }}"),
        (ask(**{"a" * 129: {"type": "string"}}), f"survey.properties.{'a' * 64}"),
        (
            ask(**{f"q{number}": {"type": "string"} for number in range(MOST_QUESTIONS + 1)}),
            "survey.properties",
        ),
    ],
)
def test_any_other_survey_is_refused_at_its_place(survey: dict[str, Any], field: str) -> None:
    with pytest.raises(BadInput, match="The survey is not valid: ") as refused:
        check_survey(survey)
    assert refused.value.field_errors[0].field.startswith(field)
    assert refused.value.field_errors[0].reason


@given(st.dictionaries(st.sampled_from(["type", "items", "x-choices", "enum"]), TYPES), JSON)
def test_no_question_is_a_mistake_of_ours(question: dict[str, Any], required: Any) -> None:
    for survey in (ask(x=question), ask(x={"type": "string"}) | {"required": required}):
        try:
            check_survey(survey)
        except BadInput:
            continue
        assert survey["properties"]["x"]["type"] in {"string", "array", "integer"}


def test_a_huge_survey_is_refused_with_a_few_of_its_faults() -> None:
    survey = ask() | {f"part{number}": 1 for number in range(5000)}
    with pytest.raises(BadInput) as refused:
        check_survey(survey)
    assert len(refused.value.field_errors) == 50


def test_defaults_stand_for_what_was_not_answered() -> None:
    assert check_answers(NO_SESSION, WISH, {"version": "1.2"}) == {
        "version": "1.2",
        "count": 2,
        "is_forced": False,
    }
    given = {"version": "1", "count": 5, "share": 0.5, "is_forced": True, "ports": [1, 2]}
    assert check_answers(NO_SESSION, WISH, given) == given


@pytest.mark.parametrize("survey", [None, {}, ask()])
def test_without_questions_there_is_nothing_to_answer(survey: dict[str, Any] | None) -> None:
    assert check_answers(NO_SESSION, survey, {}) == {}
    with pytest.raises(BadInput, match="The template has no question 'x'; it has none"):
        check_answers(NO_SESSION, survey, {"x": 1})


@pytest.mark.parametrize("text", ["{{ lookup('pipe', 'id') }}", "{% raw %}", "!unsafe x", "é\n\t"])
def test_a_template_in_an_answer_is_kept_as_data(text: str) -> None:
    survey = ask(x={"type": "string"}, y={"type": "array", "items": {"type": "string"}})
    answers = {"x": text, "y": [text]}
    assert check_answers(NO_SESSION, survey, answers) == answers


def test_answers_to_no_question_are_all_named() -> None:
    with pytest.raises(BadInput) as refused:
        check_answers(NO_SESSION, WISH, {"version": "1", "b": 1, "ansible_user": "root"})
    assert refused.value.detail == (
        "The template has no question 'ansible_user'; "
        "it has colour, count, is_forced, ports, share, version."
    )
    names = [(one.field, one.reason) for one in refused.value.field_errors]
    assert names == [("answers.ansible_user", "is no question"), ("answers.b", "is no question")]


@pytest.mark.parametrize(
    ("answers", "field", "reason"),
    [
        ({"version": None}, "answers.version", "None is not of type 'string'"),
        ({"version": 12}, "answers.version", "12 is not of type 'string'"),
        ({"version": ""}, "answers.version", "'' should be non-empty"),
        ({"version": "1" * 11}, "answers.version", "'11111111111' is too long"),
        ({"count": 0}, "answers.count", "0 is less than the minimum of 1"),
        ({"count": 6}, "answers.count", "6 is greater than the maximum of 5"),
        ({"count": "3"}, "answers.count", "'3' is not of type 'integer'"),
        ({"count": True}, "answers.count", "True is not of type 'integer'"),
        ({"is_forced": "yes"}, "answers.is_forced", "'yes' is not of type 'boolean'"),
        ({"colour": "red"}, "answers.colour", "'red' can't be chosen"),
        ({"colour": "r" * 99}, "answers.colour", f"'{'r' * 64}' can't be chosen"),
        ({"ports": [1, "x"]}, "answers.ports.1", "'x' is not of type 'integer'"),
        ({"ports": []}, "answers.ports", "[] should be non-empty"),
        ({"ports": [1, 2, 3]}, "answers.ports", "[1, 2, 3] is too long"),
        ({"ports": [1, 1]}, "answers.ports", "[1, 1] has non-unique elements"),
        ({"version": "a\x00b"}, "answers.version", "'version' holds a control character"),
    ],
)
def test_an_answer_that_does_not_fit_is_named(
    answers: dict[str, Any], field: str, reason: str
) -> None:
    with pytest.raises(BadInput, match=f"Answers are not valid: see {field}") as refused:
        check_answers(NO_SESSION, WISH, {"version": "1"} | answers)
    assert [(one.field, one.reason) for one in refused.value.field_errors] == [(field, reason)]


def test_each_answer_that_is_missing_is_named() -> None:
    survey = WISH | {"required": ["version", "colour", "count"]}
    with pytest.raises(BadInput) as refused:
        check_answers(NO_SESSION, survey, {})
    found = [(one.field, one.reason) for one in refused.value.field_errors]
    assert found == [("answers.version", "is required"), ("answers.colour", "is required")]


@pytest.mark.parametrize(
    ("name", "value"),
    [("ansible_host", "-oProxyCommand=id"), ("ansible_user", "-l root"), ("ansible_port", 70000)],
)
def test_an_answer_for_the_connection_can_be_no_option_of_ssh(name: str, value: object) -> None:
    survey = ask(**{name: {"type": "integer" if isinstance(value, int) else "string"}})
    with pytest.raises(BadInput, match=f"see answers.{name}"):
        check_answers(NO_SESSION, survey, {name: value})


def test_a_long_answer_is_refused_unless_the_question_has_room_for_it() -> None:
    text = "x" * 10_001
    with pytest.raises(BadInput, match=r"see answers\.x"):
        check_answers(NO_SESSION, ask(x={"type": "string"}), {"x": text})
    assert check_answers(NO_SESSION, ask(x={"type": "string"}), {"x": text[1:]})
    assert check_answers(NO_SESSION, ask(x={"type": "string", "maxLength": 20_000}), {"x": text})


def test_choices_are_those_of_the_fleet_at_that_moment(store: Database) -> None:
    with store.writing() as session:
        add_cluster(session)
        add_project(session)
        add_project(session, "old")
        add_node(session, "web-1")
        add_node(session, "web-2")
        add_service(session)
        found = {
            kind: list_choices(session, kind)
            for kind in ("nodes", "clusters", "projects", "services")
        }
        assert found == {
            "nodes": ["web-1", "web-2"],
            "clusters": ["main"],
            "projects": ["old", "shop"],
            "services": ["api"],
        }
        assert "prod" in list_choices(session, "environments")
        move_node(session, "web-2", NodeState.RETIRED)
        retire_entry(session, ACTOR, Project, "old", RetirementRequest())
        assert list_choices(session, "nodes") == ["web-1"]
        assert list_choices(session, "projects") == ["shop"]
        survey = ask(
            where={"type": "string", "x-choices": "nodes"},
            owners={"type": "array", "items": {"type": "string", "x-choices": "projects"}},
        )
        answers = {"where": "web-1", "owners": ["shop"]}
        assert check_answers(session, survey, answers) == answers
        for wrong in ({"where": "web-2"}, {"where": "main"}, {"owners": ["shop", "old"]}):
            with pytest.raises(BadInput) as refused:
                check_answers(session, survey, answers | wrong)
            assert len(refused.value.field_errors) == 1
            assert "can't be chosen" in refused.value.field_errors[0].reason
