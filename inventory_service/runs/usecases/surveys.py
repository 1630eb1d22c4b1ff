# SPDX-License-Identifier: Apache-2.0
"""Surveys: the questions of a template as a JSON Schema, and the answers to them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from inventory_service.core.errors import MAX_FIELD_ERRORS, BadInput, FieldError
from inventory_service.core.variables import check_value
from inventory_service.fleet.domain.nodes import LIVE
from inventory_service.fleet.models.clusters import Cluster
from inventory_service.fleet.models.environments import Environment
from inventory_service.fleet.models.nodes import Node
from inventory_service.fleet.models.projects import Project
from inventory_service.fleet.models.services import Service
from inventory_service.runs.domain.templates import check_run_variable
from inventory_service.runs.usecases.secret_answers import WRITE_ONLY, is_secret

CHOICES = "x-choices"
_ITEM_TYPES = ("boolean", "integer", "number", "string")
_TYPES = ("array", *_ITEM_TYPES)
#: An order has room for as many answers.
MOST_QUESTIONS = 200
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
        WRITE_ONLY,
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
    field_errors = [*islice(_find_faults(survey), MAX_FIELD_ERRORS)]
    if not field_errors:
        try:
            Draft202012Validator.check_schema(survey)
        except SchemaError as error:
            path = ".".join(["survey", *map(str, error.absolute_path)])
            field_errors = [FieldError(path, error.message[:200])]
        else:
            field_errors = [*_find_bad_defaults(survey["properties"])]
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
    required: Sequence[str] = (survey or {}).get("required", [])
    missing = [name for name in required if name not in given]
    field_errors = [FieldError(f"answers.{name}", "is required") for name in missing]
    # A copy: choices are those of this moment, and the template stays as it is.
    schema = {"properties": {name: _resolve(session, one) for name, one in questions.items()}}
    faults = Draft202012Validator(schema).iter_errors(given)
    field_errors += [_describe(one, questions) for one in faults]
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
    if len(questions) > MOST_QUESTIONS:
        reason = f"has {len(questions)} questions, and {MOST_QUESTIONS} are allowed"
        yield FieldError("survey.properties", reason)
        return
    for name, question in questions.items():
        field = f"survey.properties.{name[:64]}"
        try:
            check_run_variable(name)
        except ValueError as error:
            yield FieldError(field, str(error))
        yield from _find_question_faults(field, question, _TYPES)
    required = survey.get("required", [])
    # That it is a list of texts is seen later, by the schema of schemas.
    for name in required if isinstance(required, list) else ():
        if isinstance(name, str) and name not in questions:
            yield FieldError("survey.required", f"{name[:64]!r} is no question")


def _find_question_faults(
    field: str, question: object, types: Sequence[str]
) -> Iterator[FieldError]:
    # Tuples and not sets: what is looked for in them may be any JSON.
    if not isinstance(question, dict) or question.get("type") not in types:
        yield FieldError(field, f"must be an object with a type: {', '.join(types)}")
        return
    for keyword in sorted(question.keys() - _KEYWORDS):
        yield FieldError(f"{field}.{keyword[:64]}", "is no keyword that a question can have")
    if CHOICES in question:
        kinds = tuple(sorted(_SOURCES))
        if question["type"] != "string" or question[CHOICES] not in kinds:
            yield FieldError(f"{field}.{CHOICES}", f"must be of a text, one of {', '.join(kinds)}")
    if question["type"] == "array":
        items = question.get("items")
        yield from _find_question_faults(f"{field}.items", items, _ITEM_TYPES)
    elif "items" in question:
        yield FieldError(f"{field}.items", "is for an array only")


def _find_bad_defaults(questions: Mapping[str, Any]) -> Iterator[FieldError]:
    """Yield what no order could be answered with; whether a choice is there is seen then."""
    for name, question in questions.items():
        field = f"survey.properties.{name}.default"
        if "default" in question and question.get(WRITE_ONLY):
            yield FieldError(field, f"would be read by all: a question with {WRITE_ONLY} has none")
        elif "default" in question:
            for error in Draft202012Validator(question).iter_errors(question["default"]):
                yield FieldError(field, error.message[:200])
            for unsafe in _find_unsafe({name: question["default"]}):
                yield FieldError(field, unsafe.reason)


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


def _describe(error: ValidationError, questions: Mapping[str, Any]) -> FieldError:
    path = ".".join(["answers", *map(str, error.absolute_path)])
    name = str(error.absolute_path[0])
    if is_secret(name, questions[name]):
        # The message of the library begins with the value.
        return FieldError(path, f"does not fit `{error.validator}` of its question")
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
