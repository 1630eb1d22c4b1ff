# SPDX-License-Identifier: Apache-2.0
"""What orders runs and tells of them, over HTTP: templates, schedules, webhooks, notifications."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from inventory_service.client.catalog import Catalog, Record, drop_none
from inventory_service.client.errors import Target
from inventory_service.client.transport import Transport, path_of


class Templates(Catalog):
    """Which playbooks runs start, on which nodes, with which settings."""

    def __init__(self, transport: Transport) -> None:
        super().__init__(transport, "template")

    def plan_import(
        self, documents: Sequence[Mapping[str, Any]], *, retire_missing: bool = False
    ) -> Record:
        """Return what would change if the templates were as these documents are: the `plan`.

        A document is all of a template: a field that it leaves out has its default.

        :raises BadInput: a document is invalid; `field_errors` names `templates.<row>.<field>`.
        """
        return self._import(documents, retire_missing=retire_missing, apply=False)

    def apply_import(
        self,
        documents: Sequence[Mapping[str, Any]],
        *,
        plan_digest: str,
        retire_missing: bool = False,
        max_retire: int | None = None,
        reason: str | None = None,
    ) -> Record:
        """Record the plan of that digest, all of it or nothing, and return it.

        :raises Conflict: it would not be the same plan any more, or retires more than it may.
        """
        options = drop_none(max_retire=max_retire, reason=reason)
        wanted = {"retire_missing": retire_missing, "plan_digest": plan_digest, **options}
        return self._import(documents, apply=True, **wanted)

    def _import(self, documents: Sequence[Mapping[str, Any]], **options: object) -> Record:
        path, body = "/api/v1/templates/import", {"templates": list(documents), **options}
        done: Record = self._transport.post(path, Target("template"), body)
        return done

    def read_playbooks(self) -> Sequence[str]:
        """Return the names of the playbooks that runs may start."""
        found: Record = self._transport.get("/api/v1/playbooks", Target("playbook"))
        names: Sequence[str] = found["items"]
        return names


class Schedules(Catalog):
    """Runs that are ordered at set times."""

    def __init__(self, transport: Transport) -> None:
        super().__init__(transport, "schedule")

    def pause(self, name: str, *, reason: str | None = None) -> Record:
        """Pause a schedule and return it; it does not fire until it is resumed."""
        return self.change(name, is_paused=True, **drop_none(reason=reason))

    def resume(self, name: str, *, reason: str | None = None) -> Record:
        """Resume a schedule and return it; what it missed is not made up for."""
        return self.change(name, is_paused=False, **drop_none(reason=reason))


class Notifications(Catalog):
    """Who hears of runs that have ended."""

    def __init__(self, transport: Transport) -> None:
        super().__init__(transport, "notification")

    def iterate_deliveries(
        self, name: str, *, state: Sequence[str] = (), limit: int | None = None
    ) -> Iterator[Record]:
        """Yield the messages of a notification, the newest first."""
        path = path_of(self.collection, self._target(name), "deliveries")
        return self._transport.items(path, self._target(name), {"state": state}, limit=limit)

    def redeliver(self, name: str, delivery_id: int, *, reason: str | None = None) -> Record:
        """Send a message once more, and return its new delivery."""
        verb = ("deliveries", str(delivery_id), "redelivery")
        return self._act(name, drop_none(reason=reason), *verb)

    def test(self, name: str, *, reason: str | None = None) -> Record:
        """Send a message that is about no run, by the worker, and return its delivery."""
        return self._act(name, drop_none(reason=reason), "test")


class Webhooks(Catalog):
    """Signed requests of other programs that order runs."""

    def __init__(self, transport: Transport) -> None:
        super().__init__(transport, "webhook")

    def make_secret(
        self, name: str, *, overlap_s: int | None = None, reason: str | None = None
    ) -> Record:
        """Make a new secret, and return it: the only answer that ever has it.

        It is not repeated by itself, since the service keeps no answer that holds a secret.
        """
        path = path_of(self.collection, self._target(name), "secret")
        body = drop_none(overlap_s=overlap_s, reason=reason)
        made: Record = self._transport.post(path, self._target(name), body, is_repeatable=False)
        return made

    def preview(self, name: str, body: object) -> Record:
        """Return what would become of a request with this body; nothing is recorded."""
        return self._act(name, {"body": body}, "preview")

    def iterate_deliveries(
        self, name: str, *, outcome: Sequence[str] = (), limit: int | None = None
    ) -> Iterator[Record]:
        """Yield the requests whose signature fits, the newest first."""
        path = path_of(self.collection, self._target(name), "deliveries")
        return self._transport.items(path, self._target(name), {"outcome": outcome}, limit=limit)
