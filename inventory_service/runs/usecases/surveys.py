# SPDX-License-Identifier: Apache-2.0
"""Surveys: the questions of a template as a JSON Schema, and the answers to them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from inventory_service.core.errors import BadInput, FieldError
from inventory_service.core.variables import check_value
from inventory_service.fleet.domain.nodes import LIVE
from inventory_service.fleet.models.clusters import Cluster
from inventory_service.fleet.models.environments import Environment
from inventory_service.fleet.models.nodes import Node
from inventory_service.fleet.models.projects import Project
from inventory_service.fleet.models.services import Service
from inventory_service.runs.domain.templates import check_run_variable

CHOICES = "x-choices"
_TYPES = frozenset({"string", "integer", "number", "boolean", "array"})
#: What a question may hold; `$ref` and its kind could name what is outside.
_KEYWORDS = frozenset(
    {
        "type",
        "title",
        "description",
        "default",
        "enum",
        "minimum",
        "maximum",
        "minLength",
        "maxLength",
        "items",
        "minItems",
        "maxItems",
        "uniqueItems",
        CHOICES,
    }
)
_PARTS = frozenset({"type", "title", "description", "properties", "required"})
#: Longer answers belong into files.
_MOST_CHARACTERS = 10_000


def check_survey(survey: Mapping[str, Any]) -> None:
    """Raise BadInput if the survey is no schema of the kind that is allowed.

    :raises BadInput: it is not; each fault is named.
    """
    field_errors = [*_find_faults(survey)]
    if not field_errors:
        try:
            Draft202012Validator.check_schema(survey)
        except SchemaError as error:
            path = ".".join(["survey", *map(str, error.absolute_path)])
            field_errors = [FieldError(path, error.message[:200])]
    if field_errors:
        raise BadInput(
            f"The survey is not valid: {field_errors[0].reason}. docs/runs.md shows an example.",
            field_errors=field_errors,
        )


def check_answers(
    session: Session, survey: Mapping[str, Any] | None, answers: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the answers with the defaults of what was not answered.

    :raises BadInput: an answer is to no question, is missing, or does not fit.
    """
    questions: Mapping[str, Any] = (survey or {}).get("properties", {})
    unknown = sorted(answers.keys() - questions.keys())
    if unknown:
        known = ", ".join(sorted(questions)) or "none"
        raise BadInput(
            f"The template has no question '{unknown[0][:64]}'; it has {known}.",
            field_errors=[FieldError(f"answers.{name[:64]}", "is no question") for name in unknown],
        )
    given = {name: one["default"] for name, one in questions.items() if "default" in one}
    given |= answers
    # A copy: choices are those of this moment, and the template stays as it is.
    schema = {
        "type": "object",
        "properties": {name: _resolve(session, one) for name, one in questions.items()},
        "required": (survey or {}).get("required", []),
    }
    field_errors = [_describe(one) for one in Draft202012Validator(schema).iter_errors(given)]
    field_errors += _find_unsafe(given)
    if field_errors:
        names = ", ".join(sorted({one.field for one in field_errors}))
        raise BadInput(f"Answers are not valid: see {names}.", field_errors=field_errors)
    return given


def list_choices(session: Session, kind: str) -> list[str]:
    """Return what of the fleet can be chosen as an answer, by name."""
    return sorted(_SOURCES[kind](session))


def _find_faults(survey: Mapping[str, Any]) -> Iterator[FieldError]:
    for part in sorted(survey.keys() - _PARTS):
        yield FieldError(f"survey.{part[:64]}", f"is none of {', '.join(sorted(_PARTS))}")
    questions = survey.get("properties")
    if survey.get("type") != "object" or not isinstance(questions, dict):
        yield FieldError("survey", "must be a schema of an object with `properties`")
        return
    for name, question in questions.items():
        field = f"survey.properties.{name[:64]}"
        try:
            check_run_variable(name)
        except ValueError as error:
            yield FieldError(field, str(error))
        yield from _find_question_faults(field, question)
    required = survey.get("required", [])
    if isinstance(required, list):
        for name in required:
            if name not in questions:
                yield FieldError("survey.required", f"{str(name)[:64]!r} is no question")


def _find_question_faults(field: str, question: object) -> Iterator[FieldError]:
    if not isinstance(question, dict) or question.get("type") not in _TYPES:
        yield FieldError(field, f"must be an object with a type: {', '.join(sorted(_TYPES))}")
        return
    for keyword in sorted(question.keys() - _KEYWORDS):
        yield FieldError(f"{field}.{keyword[:64]}", "is no keyword that a question can have")
    if question.get(CHOICES) not in {None, *_SOURCES}:
        kinds = ", ".join(sorted(_SOURCES))
        yield FieldError(f"{field}.{CHOICES}", f"must be one of {kinds}")
    if question["type"] == "array":
        items = question.get("items")
        if not isinstance(items, dict) or items.get("type") not in _TYPES - {"array"}:
            yield FieldError(f"{field}.items", "must be an object with a type, but not array")
        else:
            yield from _find_question_faults(f"{field}.items", items)


def _resolve(session: Session, question: Mapping[str, Any]) -> dict[str, Any]:
    """Return a question with the names of the fleet in place of `x-choices`."""
    found = {key: value for key, value in question.items() if key != CHOICES}
    if question["type"] == "string":
        found.setdefault("maxLength", _MOST_CHARACTERS)
    if CHOICES in question:
        found["enum"] = list_choices(session, question[CHOICES])
    if "items" in found:
        found["items"] = _resolve(session, found["items"])
    return found


def _describe(error: ValidationError) -> FieldError:
    path = ".".join(["answers", *map(str, error.absolute_path)])
    if error.validator == "enum":
        # All nodes of a fleet would be named.
        return FieldError(path, f"{str(error.instance)[:64]!r} can't be chosen")
    return FieldError(path, error.message[:200])


def _find_unsafe(answers: Mapping[str, Any]) -> list[FieldError]:
    found = []
    for name, value in answers.items():
        try:
            check_value(name, value)
        except ValueError as error:
            found.append(FieldError(f"answers.{name}", str(error)))
    return found


def _list_nodes(session: Session) -> Sequence[str]:
    live = [state.value for state in LIVE]
    return session.scalars(select(Node.node_id).where(Node.state.in_(live))).all()


def _list_names(kind: Any) -> Callable[[Session], Sequence[str]]:  # noqa: ANN401 - a catalog entry's class
    column = getattr(kind, kind.FIELDS[0])
    return lambda session: session.scalars(select(column).where(kind.retired_at.is_(None))).all()


_SOURCES: dict[str, Callable[[Session], Sequence[str]]] = {
    "nodes": _list_nodes,
    "clusters": _list_names(Cluster),
    "projects": _list_names(Project),
    "environments": _list_names(Environment),
    "services": _list_names(Service),
}
