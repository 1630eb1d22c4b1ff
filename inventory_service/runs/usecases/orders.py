# SPDX-License-Identifier: Apache-2.0
"""Order runs, once and again, cancel them, and read them."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from inventory_service.core.actors import Actor, Role
from inventory_service.core.database.pagination import read_page
from inventory_service.core.errors import BadInput, Conflict, FieldError, Forbidden, NotFound
from inventory_service.core.pagination import Page
from inventory_service.core.redaction import redact
from inventory_service.fleet.usecases.catalog import get_entry
from inventory_service.runs import queries
from inventory_service.runs.domain.locks import HOST_LOCK, LockMode
from inventory_service.runs.domain.orders import RelaunchHosts, RelaunchOrder, RunOrder
from inventory_service.runs.domain.sources import RunSources
from inventory_service.runs.domain.states import ENDED, RunState
from inventory_service.runs.domain.targets import names_nodes, resolve_limit
from inventory_service.runs.models.runs import Run
from inventory_service.runs.models.templates import Template
from inventory_service.runs.usecases.secret_answers import hide_secrets
from inventory_service.runs.usecases.slices import (
    cancel_slices,
    settle,
    show_counted,
    show_slices,
)
from inventory_service.runs.usecases.slicing import check_slicing, choose_slices
from inventory_service.runs.usecases.surveys import check_answers
from inventory_service.runs.usecases.unfinished_hosts import list_unfinished_hosts


def order_run(session: Session, actor: Actor, order: RunOrder, *, sources: RunSources) -> Run:
    """Record a run with its whole input, for a worker to take.

    :raises ServiceError: as `draft_run`.
    """
    run = draft_run(session, actor, order, sources=sources)
    run.submit(session, actor, order.reason)
    return run


def draft_run(session: Session, actor: Actor, order: RunOrder, *, sources: RunSources) -> Run:
    """Return the run that an order would record.

    :raises NotFound: no such template.
    :raises Conflict: the template is retired, its runs need a plan that is approved, or they can't
        be sliced.
    :raises Forbidden: the actor has not the role that its runs need.
    :raises BadInput: the limit selects no node that the template allows, an answer is not valid, or
        the playbook is not there any more.
    """
    template = get_template(session, actor, order.template)
    is_check = order.check or order.plan
    _check_approvals(template, is_check=is_check)
    sources.check_playbook(template.playbook)
    # One that only leaves nodes out selects all others.
    if template.requires_limit and not names_nodes(order.limit):
        raise BadInput(
            f"Runs of '{template.template}' need a limit that names the nodes to have.",
            field_errors=[FieldError("limit", "is required by the template")],
        )
    hosts = resolve_limit(order.limit, sources.list_targets(session, template.filters))
    given = check_answers(session, template.survey, order.answers)
    answers, sealed = hide_secrets(template.survey, given, sources.seal)
    options = _make_options(template, order)
    count = choose_slices(template, order, hosts=len(hosts))
    if count and (order.force_slices or template.force_slices):
        options["force_slices"] = True
    elif count:
        check_slicing(template.playbook, options, sources=sources)
    return Run(
        template=template.template,
        playbook=template.playbook,
        limit=order.limit,
        hosts=hosts,
        options=options,
        variables=template.variables,
        answers=answers,
        sealed_answers=sealed,
        locks=list_locks(template, hosts, is_check=is_check),
        is_idempotent=template.is_idempotent,
        is_plan=order.plan,
        slice_count=count,
        retries=template.retries,
        retry_pause_s=template.retry_pause_s,
        retry_hosts=template.retry_hosts,
    )


def relaunch_run(
    session: Session, actor: Actor, run_id: int, order: RelaunchOrder, *, sources: RunSources
) -> Run:
    """Record the same run once more, with the input that was stored, on all or the failed hosts.

    :raises ServiceError: as `draft_relaunch`.
    """
    again = draft_relaunch(session, actor, run_id, order, sources=sources)
    again.submit(session, actor, order.reason)
    return again


def draft_relaunch(
    session: Session, actor: Actor, run_id: int, order: RelaunchOrder, *, sources: RunSources
) -> Run:
    """Return the run that a relaunch would record.

    :raises NotFound: no such run.
    :raises Conflict: it has not ended, is a slice, can't be sliced any more, no host of it failed,
        its template is retired or needs a plan that is approved, or one of its hosts is not what
        the template allows any more.
    :raises Forbidden: the actor has not the role that its runs need.
    :raises BadInput: the playbook is not there any more.
    """
    first = get_run(session, run_id)
    if RunState(first.state) not in ENDED:
        raise Conflict(f"Run {run_id} is {first.state}. Relaunch it when it has ended.")
    if first.is_slice:
        # By itself it would hold none of the locks that the whole run has.
        raise Conflict(
            f"Run {run_id} is slice {first.slice_no} of run {first.slice_of}. Relaunch that: "
            f"qm run relaunch {first.slice_of} --failed"
        )
    template = get_template(session, actor, first.template)
    _check_approvals(template, is_check=first.options["check"])
    sources.check_playbook(first.playbook)
    hosts = list(first.hosts)
    if order.hosts is RelaunchHosts.FAILED:
        # A playbook that begins on localhost reports results of that, too: it comes again anyway.
        failed = (
            list_unfinished_hosts(session, first)
            if first.is_sliced
            else set(queries.list_failed_hosts(session, [run_id]))
        )
        hosts = [host for host in hosts if host in failed]
        if not hosts:
            raise Conflict(f"No node of run {run_id} failed or was unreachable.")
    check_hosts(session, template, hosts, sources=sources)
    again = first.make_copy(hosts)
    if again.slice_count and not again.options.get("force_slices"):
        check_slicing(again.playbook, again.options, sources=sources)
    return again


def cancel_run(session: Session, actor: Actor, run_id: int, reason: str | None) -> Run:
    """Cancel a run that waits, or have a live one stopped; a second time changes nothing.

    With a run, all of its slices are cancelled.

    :raises NotFound: no such run.
    :raises Conflict: it has ended.
    """
    run = get_run(session, run_id)
    run.cancel(actor, reason)
    if run.is_sliced:
        cancel_slices(session, run, actor, reason)
        for part in queries.list_slices(session, run.id):
            settle(session, part, actor, is_wanted=False)
    settle(session, run, actor, is_wanted=False)
    return run


def get_run(session: Session, run_id: int) -> Run:
    """Return a run.

    :raises NotFound: no such run.
    """
    run = session.get(Run, run_id)
    if run is None:
        raise NotFound(f"There is no run {run_id}. `qm run list` shows those that there are.")
    return run


def list_runs(session: Session, filters: Mapping[str, Sequence[Any]], page: Page) -> Sequence[Run]:
    """Return a page of runs; filters are by `template` and `state`, each with alternatives.

    Slices are left out, unless `slice_of` names their run.
    """
    query = select(Run)
    if filters.get("slice_of"):
        query = query.where(Run.slice_of.in_(filters["slice_of"]))
    else:
        query = query.where(Run.is_whole())
    if filters.get("template"):
        query = query.where(Run.template.in_(filters["template"]))
    if filters.get("state"):
        query = query.where(Run.state.in_(filters["state"]))
    return read_page(session, Run, query, page)


def describe_draft(run: Run) -> dict[str, Any]:
    """Return what outsiders see of a run that is not recorded."""
    names = ("template", "playbook", "limit", "hosts", "options", "relaunch_of")
    shown = {name: getattr(run, name) for name in names}
    return {
        **shown,
        "slice_count": run.slice_count or 0,
        "host_count": len(run.hosts),
        "answers": redact(run.answers),
    }


def describe_run(session: Session, run: Run) -> dict[str, Any]:
    """Return what outsiders see of one run, with the names of its hosts, and its slices."""
    return show_counted(session, run) | {"hosts": run.hosts, "slices": show_slices(session, run)}


def get_template(session: Session, actor: Actor, name: str) -> Template:
    """Return the template if the actor may order its runs.

    :raises NotFound: no such template.
    :raises Conflict: it is retired.
    :raises Forbidden: the actor has not the role that its runs need.
    """
    template = get_entry(session, Template, name)
    if template.retired_at is not None:
        raise Conflict(f"Template '{name}' is retired. `qm template list` shows the others.")
    if not actor.may(Role(template.launch_role), None):
        raise Forbidden(f"{actor.describe()}, and runs of '{name}' need {template.launch_role}.")
    return template


def _make_options(template: Template, order: RunOrder) -> dict[str, Any]:
    return {
        "tags": _choose_tags(template, order),
        "skip_tags": [*template.skip_tags, *order.skip_tags],
        "check": order.check or order.plan,
        "diff": order.diff or order.plan,
        "forks": template.forks,
        "verbosity": template.verbosity,
        "idle_timeout_s": template.idle_timeout_s,
        "timeout_s": template.timeout_s,
        "concurrency": template.concurrency,
        "limit_variable": template.limit_variable,
    }


def _choose_tags(template: Template, order: RunOrder) -> list[str]:
    """Return the tags of a run: an order may choose among those of its template, and not add any.

    :raises BadInput: it names another one.
    """
    further = [tag for tag in order.tags if template.tags and tag not in template.tags]
    if further:
        raise BadInput(
            f"Runs of '{template.template}' have the tags {', '.join(template.tags)}, and an order "
            f"chooses among these. '{further[0]}' is none of them.",
            field_errors=[FieldError("tags", f"{further[0]!r} is no tag of the template")],
        )
    return order.tags or template.tags


def _check_approvals(template: Template, *, is_check: bool) -> None:
    if template.approvals_needed and not is_check:
        raise Conflict(
            f"Runs of '{template.template}' must be approved. Order a plan first: "
            f"qm run {template.template} --plan"
        )


def check_hosts(
    session: Session, template: Template, hosts: Sequence[str], *, sources: RunSources
) -> None:
    """Raise Conflict if the template does not allow one of the hosts any more.

    :raises Conflict: it does not.
    """
    allowed = {target.name for target in sources.list_targets(session, template.filters)}
    gone = [host for host in hosts if host not in allowed]
    if gone:
        raise Conflict(
            f"Template '{template.template}' does not allow {len(gone)} of the hosts any more, the "
            f"first of them {gone[0]}. Order a new run."
        )


def list_locks(template: Template, hosts: Sequence[str], *, is_check: bool) -> dict[str, str]:
    """Return the locks of a run; one that changes nothing leaves room for others of its kind."""

    def limit(mode: str) -> str:
        return LockMode.SHARED.value if is_check else mode

    locks = {lock["name"]: limit(lock["mode"]) for lock in template.locks}
    if template.host_lock is not None:
        locks |= {f"{HOST_LOCK}{host}": limit(template.host_lock) for host in hosts}
    return locks
