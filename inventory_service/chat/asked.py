# SPDX-License-Identifier: Apache-2.0
"""A command that somebody asks for: who, where, with which words, and what carries it out."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from sqlalchemy.orm import Session

from inventory_service.chat.domain.command_lines import Intent
from inventory_service.chat.domain.requests import Sender
from inventory_service.chat.domain.updates import Way
from inventory_service.core.actors import Actor
from inventory_service.core.errors import BadInput, FieldError
from inventory_service.runs.domain.sources import RunSources

_HIGHEST_ID = 2**31 - 1
_MOST_REASONS = 3
_Model = TypeVar("_Model", bound=BaseModel)


@dataclass(frozen=True)
class Place:
    """Where an answer goes, and how messages about runs get there."""

    sender: Sender
    way: Way
    sealed_reply: str | None


@dataclass(frozen=True)
class Asked:
    """A command or a button of somebody with an account."""

    session: Session
    actor: Actor
    place: Place
    sources: RunSources
    link_url: str
    intent: Intent

    def read_run_id(self) -> int:
        """Return the run that the first word names.

        :raises BadInput: it is no number of a run.
        """
        word = self.intent.words[0].removeprefix("#")
        if word.isascii() and word.isdecimal() and 1 <= int(word[:12]) <= _HIGHEST_ID:
            return int(word)
        raise BadInput(
            f"'{word[:64]}' is no number of a run. `runs` shows the last ones.",
            field_errors=[FieldError("text", f"{word[:64]!r} is no run")],
        )


def read_model(kind: type[_Model], **fields: Any) -> _Model:  # noqa: ANN401 - what people write
    """Return the fields as an object that use cases take.

    :raises BadInput: they do not fit.
    """
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False, include_context=False)
    field_errors = [
        FieldError(
            ".".join(map(str, one["loc"])) or "text", one["msg"].removeprefix("Value error, ")
        )
        for one in faults
    ]
    reasons = "; ".join(f"{one.field}: {one.reason}" for one in field_errors[:_MOST_REASONS])
    raise BadInput(f"The command is not valid. {reasons}", field_errors=field_errors)


def read_answer(text: str, question: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any JSON
    """Return the answer to a question of a template: text if it asks for text, else JSON."""
    if question.get("type") == "string":
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def read_words(text: str | None) -> list[str]:
    """Return the words of a list that commas separate."""
    return [word.strip() for word in (text or "").split(",") if word.strip()]
