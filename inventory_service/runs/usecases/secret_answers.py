# SPDX-License-Identifier: Apache-2.0
"""Secret answers: hidden where a run is shown, sealed where it is stored, open for its supervisor.

An answer is secret if its question says so by `writeOnly` (JSON Schema Validation 2020-12, 9.4), or
if its name does.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from inventory_service.core.errors import BadInput, FieldError
from inventory_service.core.redaction import HIDDEN, is_secret_name

WRITE_ONLY = "writeOnly"

Seal = Callable[[Mapping[str, str]], str]
Unseal = Callable[[str], Mapping[str, str]]


def is_secret(name: str, question: Mapping[str, Any]) -> bool:
    """Return whether the answer to a question is secret."""
    return question.get(WRITE_ONLY) is True or is_secret_name(name)


def hide_secrets(
    survey: Mapping[str, Any] | None, answers: Mapping[str, Any], seal: Seal
) -> tuple[dict[str, Any], str | None]:
    """Return the answers without what is secret, and that sealed; None if there is nothing.

    :raises BadInput: a secret answer is what stands in place of one, as of a client that sends back
        what it has read.
    :raises Conflict: there is something to seal, and no key.
    """
    questions: Mapping[str, Any] = (survey or {}).get("properties", {})
    secret = {name: answers[name] for name in answers if is_secret(name, questions.get(name, {}))}
    read = sorted(name for name, value in secret.items() if value == HIDDEN)
    if read:
        raise BadInput(
            f"The answer '{read[0]}' is secret, and {HIDDEN} is no value of it. Give it anew.",
            field_errors=[FieldError(f"answers.{name}", "must be given anew") for name in read],
        )
    if not secret:
        return dict(answers), None
    shown = {name: HIDDEN if name in secret else value for name, value in answers.items()}
    # Numbers, too, keep their type.
    return shown, seal({name: json.dumps(value) for name, value in secret.items()})


def open_secrets(sealed: str | None, unseal: Unseal) -> dict[str, Any]:
    """Return the secret answers that were sealed.

    :raises Conflict: they can't be opened.
    """
    if sealed is None:
        return {}
    return {name: json.loads(value) for name, value in unseal(sealed).items()}
