# SPDX-License-Identifier: Apache-2.0
"""The outbox of chat: what is to be sent, who sends it, and what came of that."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import delete
from sqlalchemy.orm import Session

from inventory_service.chat import queries
from inventory_service.chat.domain.messages import Message
from inventory_service.chat.domain.platforms import Heard
from inventory_service.chat.domain.run_messages import make_run_message
from inventory_service.chat.domain.updates import KEPT, REPLY_WINDOW, Seen, Way
from inventory_service.chat.models.outbox import ChatMessage
from inventory_service.core.encryption import Vault
from inventory_service.core.errors import Conflict
from inventory_service.runs.domain.states import ENDED, RunState
from inventory_service.runs.models.runs import Run
from inventory_service.runs.usecases.slices import list_report_ids, show_counted

#: How many messages are looked at in one turn.
MOST_DUE = 100
_REPLY = "url"


@dataclass(frozen=True)
class TakenMessage:
    """A message that a worker has to itself, and all that it needs to send it."""

    id: int
    attempt: int
    message: Message
    seen: Seen | None
    way: Way
    team_id: str
    channel_id: str
    post_id: str | None
    #: Whether nothing follows it.
    is_last: bool
    replaces: bool
    reply_url: str | None = field(default=None, repr=False)


def seal_reply(vault: Vault, url: str | None) -> str | None:
    """Return a URL for replies as it may be stored."""
    return None if url is None else vault.seal({_REPLY: url})


def make_message(session: Session, run: Run, link_url: str) -> Message:
    """Return the message about a run as it is now."""
    parts, results = list_report_ids(session, run), show_counted(session, run)["results"]
    view = queries.view_run(session, run, link_url, parts=parts, results=results)
    return make_run_message(view)


def has_work(session: Session, platform: str, *, link_url: str) -> bool:
    """Return whether `take_messages` would take or give up a message."""
    now = datetime.now(UTC)
    due = queries.list_due(session, platform, now, limit=MOST_DUE)
    return any(_find_step(session, one, now, link_url) is not None for one in due)


def take_messages(
    session: Session, vault: Vault, platform: str, *, link_url: str, limit: int
) -> list[TakenMessage]:
    """Take messages that are not shown as they should be; give up those that are too old."""
    now = datetime.now(UTC)
    taken: list[TakenMessage] = []
    for one in queries.list_due(session, platform, now, limit=MOST_DUE):
        step = _find_step(session, one, now, link_url)
        if isinstance(step, str):
            one.drop(step)
        elif step is not None and len(taken) < limit:
            try:
                url = vault.open(one.sealed_reply)[_REPLY] if one.sealed_reply else None
            except Conflict as error:
                one.drop(error.detail)
                continue
            one.take()
            taken.append(_describe(one, step, url))
    gone = ChatMessage.ended_at < now - KEPT
    session.execute(delete(ChatMessage).where(ChatMessage.platform == platform, gone))
    return taken


def record_outcome(session: Session, taken: TakenMessage, heard: Heard) -> None:
    """Record what came of an attempt; without effect if another worker has the message by now."""
    one = session.get(ChatMessage, taken.id)
    if one is None or one.ended_at is not None or one.attempts != taken.attempt:
        return
    if heard.error is None:
        shown = taken.message.fingerprint
        one.arrive(shown, heard.post_id, taken.seen, is_last=taken.is_last)
    elif not heard.is_barred:
        one.miss(heard.error)
    elif taken.way is Way.POST and taken.reply_url and taken.post_id is None:
        one.turn_to_reply(heard.error)
    else:
        one.drop(heard.error)


@dataclass(frozen=True)
class _Step:
    """A message that is not shown so."""

    message: Message
    is_last: bool
    seen: Seen | None = None


def _find_step(
    session: Session, one: ChatMessage, now: datetime, link_url: str
) -> _Step | str | None:
    """Return what is to be shown, or why that is given up, or None if all is as it should be."""
    if one.way == Way.REPLY.value and now > one.created_at + REPLY_WINDOW:
        return "given up: replies are taken for half an hour"
    if one.content is not None:
        return _Step(Message.from_dict(one.content), is_last=True)
    run = session.get_one(Run, one.run_id)
    message = make_message(session, run, link_url)
    if message.fingerprint == one.shown:
        return None
    seen = Seen(run.state, run.state_reason, run.revision, run.event_count)
    return _Step(message, is_last=RunState(run.state) in ENDED, seen=seen)


def _describe(one: ChatMessage, step: _Step, url: str | None) -> TakenMessage:
    return TakenMessage(
        id=one.id,
        attempt=one.attempts,
        message=step.message,
        seen=step.seen,
        way=Way(one.way),
        team_id=one.team_id,
        channel_id=one.channel_id,
        post_id=one.post_id,
        is_last=step.is_last,
        replaces=one.replaces,
        reply_url=url,
    )
