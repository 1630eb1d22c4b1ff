# SPDX-License-Identifier: Apache-2.0
"""Webhooks: what people choose of one; all else is refused by name."""

import enum
from datetime import timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints

from inventory_service.core.field_types import Label, Line, Reason
from inventory_service.core.inputs import Input
from inventory_service.fleet.domain.catalog import CatalogChange
from inventory_service.runs.domain.orders import RunChoices
from inventory_service.runs.domain.templates import (
    SECONDS_A_DAY,
    TemplateName,
    check_run_variable,
)
from inventory_service.webhooks.domain.pointers import Pointer
from inventory_service.webhooks.domain.signatures import WebhookKind

#: Before the name of a webhook, where it stands for who acts.
ACTOR_PREFIX = "webhook-"
ANSWERS = "answers."
_FIELDS = ("limit", "tags")
#: With the prefix it is as long as the name of a token.
WebhookName = Annotated[Label, StringConstraints(max_length=63 - len(ACTOR_PREFIX))]
#: For how long it is remembered what became of a request, so that it is not carried out twice.
DELIVERIES_KEPT = timedelta(days=30)
Scalar = str | int | float | bool | None


class DeliveryOutcome(enum.StrEnum):
    """What became of a request whose signature fits."""

    ACCEPTED = "accepted"
    IGNORED = "ignored"
    REFUSED = "refused"


def check_field(value: str) -> str:
    """Return the field of an order if a value of a request may fill it.

    :raises ValueError: it may not.
    """
    if value.startswith(ANSWERS):
        check_run_variable(value.removeprefix(ANSWERS))
    elif value not in _FIELDS:
        raise ValueError("must be limit, tags or answers.QUESTION")
    return value


class ValueRule(Input):
    """Which value of a request becomes which field of the order."""

    field: Annotated[str, StringConstraints(max_length=140), AfterValidator(check_field)] = Field(
        description="limit, tags, or answers.QUESTION"
    )
    pointer: Pointer = Field(description="where it is in the body, as a JSON Pointer (RFC 6901)")
    remove_prefix: str = Field(
        default="", max_length=100, description="taken away from a text that begins so"
    )
    is_required: bool = Field(
        default=True, description="whether a request without the value is refused"
    )


class Condition(Input):
    """What a request must hold to become an order; of others it is noted that they were ignored."""

    pointer: Pointer
    one_of: list[Scalar] = Field(min_length=1, max_length=50, description="the values to have")


def check_values(values: list[ValueRule]) -> list[ValueRule]:
    """Return the rules if each field is filled by one.

    :raises ValueError: two fill the same field.
    """
    fields = [value.field for value in values]
    for field in fields:
        if fields.count(field) > 1:
            raise ValueError(f"must fill {field} once")
    return values


class WebhookChange(CatalogChange, RunChoices):
    """The fields of a webhook that can change."""

    description: Line | None = None
    values: Annotated[list[ValueRule], AfterValidator(check_values)] = Field(
        default_factory=list,
        max_length=50,
        description="which values of a request become which fields of the order; they take the "
        "place of those that are set here",
    )
    conditions: list[Condition] = Field(
        default_factory=list, max_length=20, description="all of which a request must fulfil"
    )
    is_paused: bool = Field(default=False, description="whether requests are ignored for now")


class WebhookRegistration(WebhookChange):
    """The fields of a new webhook; its template and its kind stay."""

    webhook: WebhookName
    template: TemplateName
    kind: WebhookKind = Field(description="who sends the requests, which decides how to sign them")


class SecretRequest(Input):
    """A request for a new secret."""

    overlap_s: int = Field(
        default=0,
        ge=0,
        le=30 * SECONDS_A_DAY,
        description="for how long the former secret is valid beside the new one",
    )
    reason: Reason | None = None


class PreviewRequest(Input):
    """A body, to see what would become of a request with it."""

    body: dict[str, Any]
