# SPDX-License-Identifier: Apache-2.0
"""Workflows over HTTP: runs and approvals that follow each other."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from inventory_service.client.catalog import Catalog, Record, drop_none
from inventory_service.client.errors import Target
from inventory_service.client.transport import Transport, path_of

_PATH = "/api/v1/workflow-runs"


class Workflows(Catalog):
    """The workflows, and their runs."""

    def __init__(self, transport: Transport) -> None:
        super().__init__(transport, "workflow")

    def order(
        self,
        workflow: str,
        *,
        answers: Mapping[str, Any] | None = None,
        reason: str | None = None,
        key: str | None = None,
    ) -> Record:
        """Order a workflow, and return its run.

        :raises NotFound: there is no such workflow.
        :raises BadInput: an answer is invalid.
        """
        body = {"workflow": workflow, **drop_none(answers=answers, reason=reason)}
        done: Record = self._transport.post(_PATH, Target("workflow", workflow), body, key=key)
        return done

    def iterate_runs(
        self,
        *,
        workflow: Sequence[str] = (),
        state: Sequence[str] = (),
        limit: int | None = None,
    ) -> Iterator[Record]:
        """Yield runs of workflows, the newest first, page after page."""
        query = {"workflow": workflow, "state": state}
        return self._transport.items(_PATH, Target("workflow run"), query, limit=limit)

    def get_run(self, run_id: int) -> Record:
        """Return a workflow's run, with how far each step is.

        :raises NotFound: there is none of that number.
        """
        found: Record = self._transport.get(_path(run_id), _target(run_id))
        return found

    def cancel(self, run_id: int, *, reason: str | None = None) -> Record:
        """Cancel a workflow's run and return it: no further step begins.

        :raises Conflict: it has ended.
        """
        return self._act_on(run_id, drop_none(reason=reason), "cancellation")

    def relaunch(
        self,
        run_id: int,
        *,
        steps: str = "failed",
        reason: str | None = None,
        key: str | None = None,
    ) -> Record:
        """Begin a workflow's run anew, and return that: `failed` steps, or `all`."""
        body = {"steps": steps, **drop_none(reason=reason)}
        return self._act_on(run_id, body, "relaunch", key=key)

    def approve(self, run_id: int, step: str, *, comment: str | None = None) -> Record:
        """Approve a step that waits for it, and return the run."""
        body = {"decision": "approve", **drop_none(comment=comment)}
        return self._act_on(run_id, body, "steps", step, "approvals")

    def reject(self, run_id: int, step: str, *, comment: str) -> Record:
        """Reject a step that waits for approvals, and return the run: the step has failed then."""
        body = {"decision": "reject", "comment": comment}
        return self._act_on(run_id, body, "steps", step, "approvals")

    def _act_on(
        self, run_id: int, body: Mapping[str, object], *verb: str, key: str | None = None
    ) -> Record:
        done: Record = self._transport.post(_path(run_id, *verb), _target(run_id), body, key=key)
        return done


def _path(run_id: int, *rest: str) -> str:
    return path_of("workflow-runs", _target(run_id), *rest)


def _target(run_id: int) -> Target:
    return Target("workflow run", str(run_id))
