# SPDX-License-Identifier: Apache-2.0
"""Commands and buttons that do something: each is a use case of the API, with all its checks."""

from collections.abc import Mapping
from typing import Any

from inventory_service.approvals.domain import Decision, DecisionRequest
from inventory_service.approvals.usecases import apply_plan, decide, list_approvals
from inventory_service.chat.asked import Asked, read_answer, read_model, read_words
from inventory_service.chat.domain.messages import Act, Message
from inventory_service.chat.domain.updates import Way
from inventory_service.chat.models.outbox import ChatMessage
from inventory_service.chat.usecases.buttons import PressedButton
from inventory_service.chat.usecases.outbox import make_message
from inventory_service.core.errors import BadInput, Conflict, FieldError
from inventory_service.runs.domain.orders import RunOrder
from inventory_service.runs.domain.states import RunState
from inventory_service.runs.models.runs import Run
from inventory_service.runs.usecases.orders import cancel_run, get_run, get_template, order_run
from inventory_service.runs.usecases.secret_answers import is_secret

_NO_DIGEST = "0" * 64


def order(asked: Asked) -> Message:
    """Order a run or a plan."""
    intent, name = asked.intent, asked.intent.words[0]
    template = get_template(asked.session, asked.actor, name)
    questions: Mapping[str, Any] = (template.survey or {}).get("properties", {})
    answers = {
        one: read_answer(text, questions.get(one, {})) for one, text in intent.answers.items()
    }
    _refuse_secrets(name, answers, questions)
    wanted = read_model(
        RunOrder,
        template=name,
        limit=intent.options.get("limit", ""),
        tags=read_words(intent.options.get("tags")),
        skip_tags=read_words(intent.options.get("skip_tags")),
        check="check" in intent.flags,
        diff="diff" in intent.flags,
        plan=intent.command == "plan",
        answers=answers,
        reason=intent.options.get("reason"),
    )
    run = order_run(asked.session, asked.actor, wanted, sources=asked.sources)
    return _follow(asked, run, is_shown=asked.place.way is Way.REPLY)


def apply(asked: Asked) -> Message:
    """Order the run that applies a plan."""
    run = _apply(asked, asked.read_run_id(), asked.intent.text)
    return _follow(asked, run, is_shown=asked.place.way is Way.REPLY)


def approve(asked: Asked) -> Message:
    """Approve a run."""
    return _take_decision(asked, Decision.APPROVE)


def reject(asked: Asked) -> Message:
    """Reject a run."""
    return _take_decision(asked, Decision.REJECT)


def cancel(asked: Asked) -> Message:
    """Cancel a run."""
    run = cancel_run(asked.session, asked.actor, asked.read_run_id(), asked.intent.text)
    return _tell(asked, run)


def press(asked: Asked, button: PressedButton) -> Message:
    """Do what a button is for; return the message that takes the place of the one it was below."""
    if button.act is Act.APPLY:
        _follow(asked, _apply(asked, button.run_id, None), is_shown=False)
    elif button.act is Act.CANCEL:
        cancel_run(asked.session, asked.actor, button.run_id, None)
    else:
        decision = Decision(button.act.value)
        # A rejection needs a comment, and buttons take none.
        platform, account = asked.place.sender.platform, asked.actor.account
        by = f"by a button in {platform}; ask {account} for the reason"
        comment = by if decision is Decision.REJECT else None
        _decide(asked, button.run_id, decision, button.digest, comment)
    run = get_run(asked.session, button.run_id)
    return make_message(asked.session, run, asked.link_url)


def _apply(asked: Asked, plan_id: int, reason: str | None) -> Run:
    return apply_plan(asked.session, asked.actor, plan_id, reason, sources=asked.sources)


def _follow(asked: Asked, run: Run, *, is_shown: bool) -> Message:
    """Have messages about a run sent, and return what is said at once.

    ``is_shown`` tells whether that is the first of them.
    """
    message = make_message(asked.session, run, asked.link_url)
    ChatMessage.follow(
        asked.session,
        asked.place.sender,
        run.id,
        way=asked.place.way,
        sealed_reply=asked.place.sealed_reply,
        shown=message.fingerprint if is_shown else None,
    )
    if is_shown:
        return message
    title = f"Run {run.id} of {run.template} is ordered; its message follows."
    return Message(title, link=message.link)


def _take_decision(asked: Asked, decision: Decision) -> Message:
    run = get_run(asked.session, asked.read_run_id())
    digest = asked.intent.options.get("digest") or run.digest
    _decide(asked, run.id, decision, digest, asked.intent.text)
    return _tell(asked, run)


def _tell(asked: Asked, run: Run) -> Message:
    """Return what came of an act, for all in the channel; the run's own message has the rest."""
    return Message(
        f"Run {run.id} of {run.template} is {run.state.replace('_', ' ')}",
        fields=(("By", asked.actor.account),),
        link=f"{asked.link_url}/api/v1/runs/{run.id}",
        is_public=True,
    )


def _decide(
    asked: Asked, run_id: int, decision: Decision, digest: str | None, comment: str | None
) -> None:
    run = get_run(asked.session, run_id)
    approvals = list_approvals(asked.session, run_id)
    if run.state != RunState.AWAITING_APPROVAL and approvals:
        past = {Decision.APPROVE.value: "approved", Decision.REJECT.value: "rejected"}
        by = ", ".join(f"{past[one.decision]} by {one.approver}" for one in approvals)
        raise Conflict(f"Run {run_id} is {run.state}: it was {by} already.")
    # What is no application has no digest; the use case then names the state that it is in.
    request = read_model(
        DecisionRequest, digest=digest or _NO_DIGEST, decision=decision, comment=comment
    )
    decide(asked.session, asked.actor, run_id, request)


def _refuse_secrets(
    template: str, answers: Mapping[str, Any], questions: Mapping[str, Any]
) -> None:
    for name in answers:
        if is_secret(name, questions.get(name, {})):
            raise BadInput(
                f"'{name}' is a secret, and what is written in chat stays there. Change the "
                f"secret, and order the run by: qm run {template} --set-file {name}=-",
                field_errors=[FieldError(name, "is a secret")],
            )
