# SPDX-License-Identifier: Apache-2.0
"""Approvals over HTTP: apply a plan, approve or reject the run that does."""

from collections.abc import Sequence

from inventory_service.client.catalog import Record, drop_none
from inventory_service.client.runs import name_run
from inventory_service.client.transport import Transport, path_of


class Approvals:
    """From a plan to the run that applies it."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def apply(self, plan_id: int, *, reason: str | None = None, key: str | None = None) -> Record:
        """Order the run that applies a plan exactly as it is, and return it.

        :raises Conflict: it is no plan that ended well, was applied before, or changes nothing.
        """
        return self._post(plan_id, "application", drop_none(reason=reason), key=key)

    def approve(self, run_id: int, *, digest: str, comment: str | None = None) -> Record:
        """Approve a run that somebody else has ordered, and return it.

        `digest` is that of the plan that was read: with another one it is refused.

        :raises Conflict: it does not wait for approvals, or not for yours.
        """
        return self._decide(run_id, "approve", digest, comment)

    def reject(self, run_id: int, *, digest: str, comment: str) -> Record:
        """Reject a run that waits for approvals, and return it; nothing of it is run."""
        return self._decide(run_id, "reject", digest, comment)

    def read(self, run_id: int) -> Sequence[Record]:
        """Return who approved or rejected a run, when and why."""
        path = path_of("runs", name_run(run_id), "approvals")
        items: Sequence[Record] = self._transport.get(path, name_run(run_id))["items"]
        return items

    def _decide(self, run_id: int, decision: str, digest: str, comment: str | None) -> Record:
        body = {"decision": decision, "digest": digest, **drop_none(comment=comment)}
        return self._post(run_id, "approvals", body)

    def _post(self, run_id: int, verb: str, body: Record, key: str | None = None) -> Record:
        path = path_of("runs", name_run(run_id), verb)
        done: Record = self._transport.post(path, name_run(run_id), body, key=key)
        return done
