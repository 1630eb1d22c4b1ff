# SPDX-License-Identifier: Apache-2.0
"""Register and change notifications, whose URL and secret are sealed."""

from collections.abc import Collection, Mapping

from pydantic import SecretStr
from sqlalchemy.orm import Session

from inventory_service.core.actors import Actor
from inventory_service.core.encryption import Vault
from inventory_service.core.errors import BadInput, FieldError
from inventory_service.core.preconditions import Expected
from inventory_service.fleet.usecases.catalog import (
    change_entry,
    find_missing,
    get_entry,
    register_entry,
)
from inventory_service.notifications.domain.destinations import parse_destination
from inventory_service.notifications.domain.notifications import (
    NotificationChange,
    NotificationKind,
    NotificationRegistration,
)
from inventory_service.notifications.models.notifications import Notification
from inventory_service.runs.models.templates import Template


def register_notification(
    session: Session, actor: Actor, wanted: NotificationRegistration, *, vault: Vault
) -> Notification:
    """Register a notification; it is about runs that end from now on.

    :raises Conflict: the name is taken, or there is no key to seal its URL by.
    :raises BadInput: a template does not exist, or a field does not belong to its kind.
    """
    _check_templates(session, wanted.templates)
    secrets = _merge({}, wanted)
    _check_fields(wanted.kind, secrets, wanted.recipients)
    sealed = vault.seal(secrets) if secrets else None
    made = register_entry(session, actor, Notification, wanted, **_describe(secrets, sealings=1))
    made.keep(sealed)
    made.watch(made.revision)
    return made


def change_notification(
    session: Session,
    actor: Actor,
    name: str,
    change: NotificationChange,
    *,
    vault: Vault,
    expected: Expected = None,
) -> Notification:
    """Set the fields that the change names.

    :raises NotFound: there was never a notification of that name.
    :raises PreconditionFailed: it is not as the caller expects it.
    :raises Conflict: it is retired, or there is no key to seal its URL by.
    :raises BadInput: a template does not exist, or a field does not belong to its kind.
    """
    entry = get_entry(session, Notification, name)
    _check_templates(session, change.templates)
    computed: dict[str, object] = {}
    sealed = entry.sealed
    named = change.model_fields_set
    secrets = {"webhook_url": ""} if entry.sealed else {}
    if named & {"webhook_url", "secret"}:
        # What is not replaced is needed only if something is left of it.
        is_all_new = {"webhook_url", "secret"} <= named
        secrets = _merge({} if is_all_new else open_secrets(entry, vault), change)
        sealed = vault.seal(secrets) if secrets else None
        computed = _describe(secrets, sealings=entry.sealings + 1)
    recipients = change.recipients if "recipients" in named else entry.recipients
    _check_fields(NotificationKind(entry.kind), secrets, recipients)
    changed = change_entry(
        session, actor, Notification, name, change, expected=expected, **computed
    )
    changed.keep(sealed)
    return changed


def open_secrets(notification: Notification, vault: Vault) -> dict[str, str]:
    """Return the URL and the secret, each if it has one.

    :raises Conflict: they can't be opened.
    """
    return vault.open(notification.sealed) if notification.sealed else {}


def _merge(secrets: Mapping[str, str], change: NotificationChange) -> dict[str, str]:
    """Return the secrets with those that the change names; null takes one away."""
    merged = dict(secrets)
    for name in {"webhook_url", "secret"} & change.model_fields_set:
        value: SecretStr | None = getattr(change, name)
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = value.get_secret_value()
    return merged


def _describe(secrets: Mapping[str, str], *, sealings: int) -> dict[str, object]:
    """Return what everybody may see of the secrets."""
    url = secrets.get("webhook_url")
    return {
        "destination": parse_destination(url).label if url else None,
        "is_signed": "secret" in secrets,
        "sealings": sealings if secrets else 0,
    }


def _check_templates(session: Session, names: Collection[str]) -> None:
    missing = find_missing(session, Template, names)
    if missing:
        raise BadInput(
            f"There is no template '{missing[0]}'. `qm template list` shows those that there are.",
            field_errors=[FieldError("templates", f"'{name}' does not exist") for name in missing],
        )


def _check_fields(
    kind: NotificationKind, secrets: Mapping[str, str], recipients: Collection[str]
) -> None:
    is_mail = kind is NotificationKind.MAIL
    wrong = []
    if is_mail != bool(recipients):
        reason = "is required by the kind mail" if is_mail else f"is not for the kind {kind}"
        wrong.append(FieldError("recipients", reason))
    if is_mail == ("webhook_url" in secrets):
        reason = "is not for the kind mail" if is_mail else f"is required by the kind {kind}"
        wrong.append(FieldError("webhook_url", reason))
    if "secret" in secrets and kind is not NotificationKind.WEBHOOK:
        wrong.append(FieldError("secret", f"is not for the kind {kind}: only webhooks are signed"))
    if wrong:
        raise BadInput(
            f"A notification of the kind {kind} can't have these fields: see the errors.",
            field_errors=wrong,
        )
