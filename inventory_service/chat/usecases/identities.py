# SPDX-License-Identifier: Apache-2.0
"""Acts on identities: register, remove, link by a code, and who acts for a user of a platform."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from inventory_service.chat import queries
from inventory_service.chat.domain.identities import (
    CEILING,
    IdentityRegistration,
    LinkConfirmation,
    digest_code,
    limit_scope,
    make_code,
    show_code,
)
from inventory_service.chat.domain.requests import Sender
from inventory_service.chat.models.identities import ChatIdentity, ChatLinkCode
from inventory_service.core.actors import Actor, Channel, Scope
from inventory_service.core.database.pagination import read_page
from inventory_service.core.errors import Conflict, Forbidden, NotFound
from inventory_service.core.pagination import Page
from inventory_service.identity.usecases.accounts import act_for, get_account
from inventory_service.runs.usecases.credentials import is_of_run


def find_actor(session: Session, sender: Sender) -> Actor | None:
    """Return who acts for a user of a platform, or None for one without an identity.

    :raises Forbidden: the account is disabled.
    """
    identity = queries.find_identity(session, (sender.platform, sender.team_id, sender.user_id))
    if identity is None:
        return None
    # The team is left out: names of tokens are short, and the record of the identity has it.
    token = f"{sender.platform}/{sender.user_id}"
    return act_for(session, identity.account, Channel.CHAT, Scope(identity.scope), token=token)


def register_identity(session: Session, actor: Actor, wanted: IdentityRegistration) -> ChatIdentity:
    """Register that a user of a platform acts for an account.

    :raises NotFound: there is no such account.
    :raises Conflict: the user has an identity already.
    """
    ids = (wanted.platform.value, wanted.team_id, wanted.user_id)
    _check_free(session, ids)
    get_account(session, wanted.account)
    return ChatIdentity.register(
        session, actor, ids, wanted.account, scope=CEILING, reason=wanted.reason
    )


def remove_identity(
    session: Session, actor: Actor, number: int, reason: str | None
) -> ChatIdentity:
    """Remove an identity, and return it; its user has no rights from now on.

    :raises NotFound: there is no such identity.
    """
    identity = get_identity(session, number)
    identity.remove(session, actor, reason)
    return identity


def get_identity(session: Session, number: int) -> ChatIdentity:
    """Return an identity.

    :raises NotFound: there is none of that number.
    """
    identity = session.get(ChatIdentity, number)
    if identity is None:
        raise NotFound(
            f"There is no chat identity {number}. `qm chat identity list` shows those that there "
            "are."
        )
    return identity


def list_identities(session: Session, page: Page) -> Sequence[ChatIdentity]:
    """Return a page of identities."""
    return read_page(session, ChatIdentity, select(ChatIdentity), page)


def give_code(session: Session, sender: Sender) -> str:
    """Return a new code of a user, as people read it; former ones are not valid any more."""
    now = datetime.now(UTC)
    is_former = (
        (ChatLinkCode.platform == sender.platform)
        & (ChatLinkCode.team_id == sender.team_id)
        & (ChatLinkCode.user_id == sender.user_id)
    )
    session.execute(delete(ChatLinkCode).where(is_former | (ChatLinkCode.expires_at <= now)))
    code = make_code()
    ChatLinkCode.give(session, sender, code, now)
    return show_code(code)


def get_code(session: Session, text: str) -> ChatLinkCode:
    """Return what a code stands for.

    :raises BadInput: the text is no code.
    :raises NotFound: nobody was shown the code, or it is used or expired.
    """
    found = session.get(ChatLinkCode, digest_code(text))
    if found is None or found.expires_at <= datetime.now(UTC):
        raise NotFound("The code is not valid, or not any more. Send `/qm link` in the chat anew.")
    return found


def confirm_link(session: Session, actor: Actor, wanted: LinkConfirmation) -> ChatIdentity:
    """Link the user who was shown a code with the account of the actor.

    :raises BadInput: the text is no code.
    :raises NotFound: nobody was shown the code, or it is used or expired.
    :raises Conflict: the user has an identity already.
    :raises Forbidden: a run asks, and no person.
    """
    if is_of_run(actor):
        raise Forbidden("A run can't be linked with a user of a chat. Only people can.")
    code = get_code(session, wanted.code)
    _check_free(session, code.ids)
    session.delete(code)
    return ChatIdentity.register(
        session,
        actor,
        code.ids,
        actor.account,
        scope=limit_scope(actor.scope),
        reason=wanted.reason,
    )


def _check_free(session: Session, ids: tuple[str, str, str]) -> None:
    known = queries.find_identity(session, ids)
    if known is not None:
        raise Conflict(
            f"{known.label} acts for the account '{known.account}' already. An admin can remove "
            f"that: qm chat identity remove {known.id}"
        )
