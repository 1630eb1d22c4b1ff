# SPDX-License-Identifier: Apache-2.0
"""Runs over HTTP: order them, follow them to their end, read what they did."""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from inventory_service.client.catalog import Record, drop_none
from inventory_service.client.errors import RunUnfinished, RunUnsuccessful, Target
from inventory_service.client.retries import Notice, ignore
from inventory_service.client.transport import Transport, path_of
from inventory_service.client.watching import LAST_COUNTER, PATIENCE_S, Progress, watch

_PATH = "/api/v1/runs"
SUCCESS = "successful"


class Runs:
    """The runs of playbooks."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def order(  # noqa: PLR0913 - the fields of an order
        self,
        template: str,
        *,
        limit: str | None = None,
        tags: Sequence[str] = (),
        skip_tags: Sequence[str] = (),
        check: bool = False,
        diff: bool = False,
        plan: bool = False,
        slices: int | None = None,
        force_slices: bool | None = None,
        answers: Mapping[str, Any] | None = None,
        reason: str | None = None,
        key: str | None = None,
        **others: object,
    ) -> Record:
        """Order a run and return it, queued or blocked.

        `others` are fields of an order that this release does not name. An order with a `key` of
        your own is the same one if it is sent again, as after a restart of the program.

        :raises NotFound: there is no such template.
        :raises BadInput: the limit, an answer or another field is invalid.
        :raises Refused: the token may not order it, or it needs a plan.
        """
        flags = drop_none(check=check or None, diff=diff or None, plan=plan or None)
        body = drop_none(template=template, limit=limit, answers=answers, reason=reason)
        body |= drop_none(slices=slices, force_slices=force_slices)
        body |= {"tags": list(tags)} if tags else {}
        body |= {"skip_tags": list(skip_tags)} if skip_tags else {}
        target = Target("template", template)
        return self._post(_PATH, target, {**body, **flags, **others}, key=key)

    def preview(self, template: str, **order: object) -> Record:
        """Return what an order of these fields would give, with the names of its hosts.

        :raises Refused: the order would be refused.
        """
        body = {"template": template, **order}
        return self._post(f"{_PATH}/preview", Target("template", template), body)

    def iterate(
        self,
        *,
        template: Sequence[str] = (),
        state: Sequence[str] = (),
        slice_of: Sequence[int] = (),
        sort: str | None = None,
        fields: str | None = None,
        limit: int | None = None,
    ) -> Iterator[Record]:
        """Yield runs, the newest first, page after page."""
        query: dict[str, Any] = {
            "template": template,
            "state": state,
            "slice_of": slice_of,
            "sort": sort,
            "fields": fields,
        }
        return self._transport.items(_PATH, Target("run"), query, limit=limit)

    def get(self, run_id: int) -> Record:
        """Return one run, with the names of its hosts.

        :raises NotFound: there is none of that number.
        """
        found: Record = self._transport.get(_path(run_id), name_run(run_id))
        return found

    def watch(
        self,
        run_id: int,
        *,
        after: int = 0,
        patience_s: float = PATIENCE_S,
        notice: Notice = ignore,
    ) -> Iterator[Progress]:
        """Yield how far the run is, as often as something happens, until its end.

        `after` is the `cursor` of a progress that is known already. A service that is away for up
        to `patience_s` is asked again, with one ``notice``.
        """
        path = _path(run_id, "events")
        return watch(
            lambda query: self._transport.get(path, name_run(run_id), query),
            after=after,
            patience_s=patience_s,
            notice=notice,
        )

    def follow(
        self, run_id: int, *, after: int = 0, patience_s: float = PATIENCE_S
    ) -> Iterator[Record]:
        """Yield the events of a run as they come, until its end; `counter` of one is the cursor.

        Whoever gives the counter of the last event that they know as `after` gets what follows.
        """
        for progress in self.watch(run_id, after=after, patience_s=patience_s):
            yield from progress.events

    def wait(
        self,
        run_id: int,
        *,
        timeout_s: float | None = None,
        must_succeed: bool = False,
        patience_s: float = PATIENCE_S,
    ) -> Record:
        """Return the run when it has ended.

        :raises RunUnfinished: it is still going after `timeout_s`; it goes on.
        :raises RunUnsuccessful: it must succeed, and did not.
        """
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        path = _path(run_id, "events")
        for progress in watch(
            lambda query: self._transport.get(path, name_run(run_id), query),
            # Beyond all events: only the end is wanted.
            after=LAST_COUNTER,
            patience_s=patience_s,
            deadline=deadline,
        ):
            run = progress.run
            if progress.is_complete:
                return _judged(run) if must_succeed else run
        raise RunUnfinished(
            run,
            f"run {run_id} is still {run['state']} after {timeout_s:.0f} s",
            next_step=f"it goes on: `qm run follow {run_id}`, or cancel it",
        )

    def cancel(self, run_id: int, *, reason: str | None = None) -> Record:
        """Cancel a run and return it, cancelled or cancelling.

        :raises Conflict: it has ended.
        """
        return self._post(_path(run_id, "cancellation"), name_run(run_id), drop_none(reason=reason))

    def relaunch(
        self,
        run_id: int,
        *,
        hosts: str = "all",
        reason: str | None = None,
        key: str | None = None,
    ) -> Record:
        """Order the same run once more, on all of its hosts or those that `failed`; return it."""
        body = {"hosts": hosts, **drop_none(reason=reason)}
        return self._post(_path(run_id, "relaunch"), name_run(run_id), body, key=key)

    def preview_relaunch(self, run_id: int, *, hosts: str = "all") -> Record:
        """Return what a relaunch would give, with the names of its hosts."""
        path = _path(run_id, "relaunch", "preview")
        return self._post(path, name_run(run_id), {"hosts": hosts})

    def read_hosts(self, run_id: int) -> Sequence[Record]:
        """Return how many tasks had which result on each host, by name."""
        return self._list(run_id, "hosts")

    def read_tasks(self, run_id: int) -> Sequence[Record]:
        """Return when each task began and ended, and on how many hosts it had which result."""
        return self._list(run_id, "tasks")

    def stream_log(self, run_id: int) -> Iterator[bytes]:
        """Yield the parts of the log (UTF-8) as they come; of a live run what there is by now."""
        return self._transport.stream(_path(run_id, "log"), name_run(run_id))

    def _list(self, run_id: int, kind: str) -> Sequence[Record]:
        found: Record = self._transport.get(_path(run_id, kind), name_run(run_id))
        items: Sequence[Record] = found["items"]
        return items

    def _post(
        self, path: str, target: Target, body: Mapping[str, object], key: str | None = None
    ) -> Record:
        done: Record = self._transport.post(path, target, body, key=key)
        return done


def name_run(run_id: int) -> Target:
    """Return the run as messages name it."""
    return Target("run", str(run_id))


def _path(run_id: int, *rest: str) -> str:
    return path_of("runs", name_run(run_id), *rest)


def _judged(run: Record) -> Record:
    if run["state"] == SUCCESS:
        return run
    why = f": {run['state_reason']}" if run["state_reason"] else ""
    raise RunUnsuccessful(
        run,
        f"run {run['id']} ({run['template']}) is {run['state']}{why}",
        next_step=f"read `qm run log {run['id']}`",
    )
