# SPDX-License-Identifier: Apache-2.0
"""The client of one service: what programs in Python, and `qm`, use of its API."""

import time
from collections.abc import Callable

from inventory_service.client.accounts import Accounts, Audit, Tokens
from inventory_service.client.approvals import Approvals
from inventory_service.client.automation import Notifications, Schedules, Templates, Webhooks
from inventory_service.client.catalog import Catalog, Record, drop_none
from inventory_service.client.errors import Target
from inventory_service.client.inventory import Inventory
from inventory_service.client.nodes import Nodes
from inventory_service.client.profiles import resolve_connection
from inventory_service.client.retries import Notice, ignore
from inventory_service.client.runs import Runs
from inventory_service.client.transport import CONNECT_TIMEOUT_S, READ_TIMEOUT_S, Transport
from inventory_service.client.workflows import Workflows
from inventory_service.client_settings import read_client_settings


class Client(Transport):
    """One service, as one account; threads may share it.

    `get`, `post`, `patch`, `items` and `stream` reach what no method below has a name for.
    """

    def __init__(  # noqa: PLR0913 - all but two are rarely given
        self,
        url: str | None = None,
        token: str | None = None,
        *,
        profile: str | None = None,
        timeout_s: tuple[float, float] = (CONNECT_TIMEOUT_S, READ_TIMEOUT_S),
        door: str | None = None,
        pause: Callable[[float], object] = time.sleep,
        notice: Notice = ignore,
    ) -> None:
        """Take what is given; the rest is of the environment and the profile file, as for `qm`.

        `timeout_s` is for connecting, and for each part of an answer. `notice` gets a sentence when
        the client waits or warns.

        :raises InvalidConnection: the address, the token or the profile can't be used.
        """
        connection = resolve_connection(
            read_client_settings(), url=url, token=token, profile=profile, warn=notice
        )
        super().__init__(connection, door=door, pause=pause, notice=notice, timeout_s=timeout_s)
        self.nodes = Nodes(self)
        self.clusters = Catalog(self, "cluster")
        self.projects = Catalog(self, "project")
        self.environments = Catalog(self, "environment")
        self.services = Catalog(self, "service")
        self.templates = Templates(self)
        self.schedules = Schedules(self)
        self.webhooks = Webhooks(self)
        self.notifications = Notifications(self)
        self.runs = Runs(self)
        self.approvals = Approvals(self)
        self.workflows = Workflows(self)
        self.inventory = Inventory(self)
        self.accounts = Accounts(self)
        self.tokens = Tokens(self)
        self.audit = Audit(self)

    def read_status(self) -> Record:
        """Return the service's version, the fleet's revision and its nodes by state."""
        found: Record = self.get("/api/v1/status", Target("status", "of the service"))
        return found

    def read_own_account(self) -> Record:
        """Return the account that the token belongs to, and what it may do where."""
        found: Record = self.get("/api/v1/whoami", Target("account"))
        return found

    def give_port(
        self,
        project: str,
        environment: str,
        *,
        base: int,
        size: int = 1000,
        service: str | None = None,
    ) -> Record:
        """Return the port of a project in an environment, the same each time.

        It is one of `size` ports from `base` on; `preferred` is another one if that was taken.
        """
        target = Target("port", f"{project}/{environment}")
        body = {"project": project, "environment": environment, "base": base, "range": size}
        given: Record = self.post("/api/v1/ports", target, body | drop_none(service=service))
        return given

    def plan_import(self, order: Record, *, name: str = "") -> Record:
        """Return what the import of a file would record: the `plan`, with its `digest`.

        The order has the `format` and `content` of the file, and what else an import takes; `name`
        is what messages call the file.

        :raises BadInput: the file has errors, of which `field_errors` names line and column.
        """
        return self._import({**order, "apply": False}, name)

    def apply_import(self, order: Record, *, plan_digest: str, name: str = "") -> Record:
        """Record the plan of that digest, all of it or nothing, and return it.

        :raises Conflict: it would not be the same plan any more.
        """
        return self._import({**order, "apply": True, "plan_digest": plan_digest}, name)

    def _import(self, order: Record, name: str) -> Record:
        target = Target("import", name or str(order.get("format", "")))
        done: Record = self.post("/api/v1/imports", target, order)
        return done
