# SPDX-License-Identifier: Apache-2.0
"""Register and change webhooks, and make their secrets."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from inventory_service.core.actors import Actor
from inventory_service.core.encryption import Vault
from inventory_service.core.errors import BadInput, Conflict, FieldError, NotFound
from inventory_service.core.preconditions import Expected
from inventory_service.fleet.usecases.catalog import change_entry, get_entry, register_entry
from inventory_service.runs.domain.orders import RunChoices, RunOrder
from inventory_service.runs.domain.sources import RunSources
from inventory_service.runs.models.templates import Template
from inventory_service.runs.usecases.orders import draft_run, get_template
from inventory_service.runs.usecases.secret_answers import hide_secrets, open_secrets
from inventory_service.runs.usecases.surveys import check_answers
from inventory_service.webhooks.domain.signatures import make_secret
from inventory_service.webhooks.domain.webhooks import (
    ANSWERS,
    SecretRequest,
    WebhookChange,
    WebhookRegistration,
)
from inventory_service.webhooks.models.webhooks import Webhook

_PRESENT, _FORMER = "present", "former"


def register_webhook(
    session: Session, actor: Actor, wanted: WebhookRegistration, *, sources: RunSources
) -> Webhook:
    """Register a webhook, whose runs need the actor's roles; it has no secret yet.

    :raises Conflict: the name is taken, or the template is retired.
    :raises Forbidden: the actor has not the role that runs of the template need.
    :raises BadInput: there is no such template, or no request could make an order of it.
    """
    chosen = {name: getattr(wanted, name) for name in RunChoices.model_fields}
    fields = [one.field for one in wanted.values]
    template = _check_order(session, actor, wanted.template, chosen, fields, sources)
    hidden = _hide(template, wanted.answers, sources)
    return register_entry(
        session, actor, Webhook, wanted, account=actor.account, scope=actor.scope.value, **hidden
    )


def change_webhook(
    session: Session,
    actor: Actor,
    name: str,
    change: WebhookChange,
    *,
    expected: Expected = None,
    sources: RunSources,
) -> Webhook:
    """Set the fields that the change names; from then on its runs need the actor's roles.

    Only to describe or to pause it needs nothing of its template, and leaves its account.

    :raises NotFound: there was never a webhook of that name.
    :raises PreconditionFailed: it is not as the caller expects it.
    :raises Conflict: it is retired, or its template is.
    :raises Forbidden: the actor has not the role that runs of the template need.
    :raises BadInput: no request could make an order of it.
    """
    webhook = get_entry(session, Webhook, name)
    revision = webhook.revision
    hidden = {}
    if "answers" in change.model_fields_set:
        template = get_entry(session, Template, webhook.template)
        hidden = _hide(template, change.answers, sources)
    change_entry(session, actor, Webhook, name, change, expected=expected, **hidden)
    if webhook.revision != revision and not _leaves_order(change):
        fields = [one.field for one in webhook.list_values()]
        chosen = choose(webhook, sources)
        _check_order(session, actor, webhook.template, chosen, fields, sources)
        webhook.authorize(actor)
    return webhook


def make_webhook_secret(
    session: Session, actor: Actor, name: str, request: SecretRequest, *, vault: Vault
) -> tuple[Webhook, str]:
    """Return the webhook and its new secret, which is not shown again.

    :raises NotFound: there was never a webhook of that name.
    :raises Conflict: it is retired, or there is no key to seal the secret by.
    """
    webhook = get_entry(session, Webhook, name)
    secret = make_secret(webhook.signed_as)
    secrets = {_PRESENT: secret}
    if request.overlap_s:
        former = _open(webhook, vault).get(_PRESENT)
        if former is None:
            raise Conflict(f"{webhook.label} has no former secret. Leave overlap_s out.")
        secrets[_FORMER] = former
    overlap = timedelta(seconds=request.overlap_s)
    webhook.take_secret(actor, vault.seal(secrets), overlap=overlap, reason=request.reason)
    return webhook, secret


def list_secrets(webhook: Webhook, vault: Vault, now: datetime) -> list[str]:
    """Return the secrets by which a request may be signed now.

    :raises Conflict: they can't be opened.
    """
    opened = _open(webhook, vault)
    names = (_PRESENT, _FORMER) if webhook.has_former(now) else (_PRESENT,)
    return [opened[name] for name in names if name in opened]


def choose(webhook: Webhook, sources: RunSources) -> dict[str, Any]:
    """Return what is chosen of its runs, whatever a request holds.

    :raises Conflict: its secret answers can't be opened.
    """
    chosen = {name: getattr(webhook, name) for name in RunChoices.model_fields}
    secret = open_secrets(webhook.sealed_answers, sources.unseal)
    return chosen | {"answers": webhook.answers | secret}


def _open(webhook: Webhook, vault: Vault) -> dict[str, str]:
    return vault.open(webhook.sealed_secrets) if webhook.sealed_secrets else {}


def _hide(template: Template, answers: Mapping[str, Any], sources: RunSources) -> dict[str, Any]:
    """Return the fields of a webhook that hold its answers."""
    shown, sealed = hide_secrets(template.survey, answers, sources.seal)
    return {"answers": shown, "sealed_answers": sealed}


def _check_order(
    session: Session,
    actor: Actor,
    template_name: str,
    chosen: Mapping[str, Any],
    mapped: list[str],
    sources: RunSources,
) -> Template:
    """Return the template, of which an order is tried with what is known of it before a request.

    :raises ServiceError: as `draft_run`.
    """
    try:
        template = get_template(session, actor, template_name)
        if not mapped:
            order = RunOrder(template=template_name, **chosen)
            draft_run(session, actor, order, sources=sources)
    except NotFound as error:
        field_error = FieldError("template", "does not exist")
        raise BadInput(error.detail, field_errors=[field_error]) from error
    questions = (template.survey or {}).get("properties", {})
    unknown = [
        field
        for field in mapped
        if field.startswith(ANSWERS) and field.removeprefix(ANSWERS) not in questions
    ]
    if unknown:
        raise BadInput(
            f"Template '{template_name}' has no question '{unknown[0].removeprefix(ANSWERS)}'.",
            field_errors=[FieldError("values", f"{field} is no question") for field in unknown],
        )
    # What is required may come with the request.
    check_answers(session, (template.survey or {}) | {"required": []}, chosen["answers"])
    return template


def _leaves_order(change: WebhookChange) -> bool:
    """Return whether a change only describes or pauses: that must work when nothing else does."""
    fields = change.model_fields_set - {"reason", "description"}
    return not fields or (fields == {"is_paused"} and change.is_paused)
