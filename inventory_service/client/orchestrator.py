# SPDX-License-Identifier: Apache-2.0
"""`InfrastructureOrchestrator`: from projects.csv to servers, a thin layer on `Client`.

Each act is a run of a template, so that it is on record, can be followed, and goes on when the
program that ordered it ends.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from inventory_service.client.catalog import Record, drop_none
from inventory_service.client.client import Client
from inventory_service.client.droplets import write_file
from inventory_service.client.errors import BadInput, NotSupported
from inventory_service.client.infrastructure_state import InfrastructureState
from inventory_service.client.project_table import HEAD, replace_servers
from inventory_service.client.retries import Notice, ignore
from inventory_service.client.runs import SUCCESS

_REASON = "by InfrastructureOrchestrator"
_REMOVE_SERVERS = "ansible-playbook quartermaster.fleet.retire"
_LAST_RUNS = 10


def _agree(_plan: Record) -> None:
    """Take each plan as it is."""


class InfrastructureOrchestrator:
    """The acts on a fleet that is declared by `projects.csv` in the folder of configurations.

    A result has `success`; what is refused is an exception of the client.
    """

    def __init__(  # noqa: PLR0913 - all but the first are rarely given
        self,
        config_dir: str = "config",
        *,
        client: Client | None = None,
        cluster: str | None = None,
        provider: str | None = None,
        timeout_s: float = 7200,
        confirm: Callable[[Record], object] = _agree,
        notice: Notice = ignore,
    ) -> None:
        """Take where projects.csv is, and where new servers belong.

        `timeout_s` is for each run. `confirm` sees the plan of each import, and raises an exception
        if it must not be recorded; `notice` gets a sentence for each run.
        """
        self.config_dir = Path(config_dir)
        self._client = client or Client()
        self._placement = drop_none(cluster=cluster, provider=provider)
        self._timeout_s = timeout_s
        self._confirm = confirm
        self._notice = notice

    @property
    def projects_csv(self) -> Path:
        """Return the file that declares the projects."""
        return self.config_dir / "projects.csv"

    def initialize_system(self) -> dict[str, Any]:
        """Make an empty projects.csv where there is none, and return what is missing elsewhere."""
        created = [] if self.projects_csv.exists() else [str(self.projects_csv)]
        if created:
            write_file(self.projects_csv, HEAD)
        issues = [*self._check_clusters(), *self._check_templates(), *self._check_table()]
        status = self._client.read_status()
        return {"success": not issues, "created": created, "issues": issues, "service": status}

    def orchestrate_infrastructure(self, force_recreate: bool = False) -> dict[str, Any]:  # noqa: FBT001, FBT002 (the signature that its users know)
        """Record what projects.csv declares, make the servers, and set up all of them.

        What was interrupted is done by the next call: it goes on with what is still planned.

        :raises NotSupported: servers are to be recreated.
        :raises Conflict: more than a third of the servers of an environment would be retired.
        """
        if force_recreate:
            raise NotSupported(
                "force_recreate: servers are not recreated",
                next_step="retire the nodes that must be new, and call it without",
            )
        return self._apply(self.projects_csv.read_text("utf-8"))

    def scale_project(self, project: str, target_servers: int) -> dict[str, Any]:
        """Change the number of servers of a project in projects.csv, and orchestrate.

        The file is changed when the service has recorded it, so that a refusal changes nothing.

        :raises InvalidName: the file has no line of the project, or one for each environment.
        """
        before = self.projects_csv.read_text("utf-8")
        content = replace_servers(before, project, target_servers)
        return self._apply(content, is_number_known=True)

    def get_infrastructure_status(self) -> dict[str, Any]:
        """Return the service, the droplets, the projects, the last runs, and what is wrong."""
        state = InfrastructureState(client=self._client)
        runs = self._client.runs.iterate(limit=_LAST_RUNS)
        return {
            "service": self._client.read_status(),
            "droplets": state.get_all_droplets(),
            "projects": state.get_all_projects(),
            "runs": [_name_run(run) for run in runs],
            "issues": state.validate_state(),
        }

    def get_service_discovery_info(self, project: str, environment: str) -> dict[str, Any]:
        """Return where each service of a project in an environment answers, by type."""
        state, name = InfrastructureState(client=self._client), f"{project}-{environment}"
        droplets = state.get_all_droplets()
        services = {
            kind: {
                **service,
                "name": state.get_service_name(name, kind),
                "endpoints": [
                    f"{droplets[one]['ip']}:{service['port']}"
                    for one in service["assigned_droplets"]
                    if droplets[one]["ip"]
                ],
            }
            for kind, service in state.get_project_services(name).items()
        }
        return {"project": project, "environment": environment, "services": services}

    def _apply(self, content: str, *, is_number_known: bool = False) -> dict[str, Any]:
        """Record the file, write it if it is new, and run what makes it so.

        With ``is_number_known`` the plan may retire as many nodes as it does.
        """
        order = {"format": "csv", "content": content, "reason": _REASON, **self._placement}
        plan = self._client.plan_import(order, name=str(self.projects_csv))["plan"]
        if any(plan[kind] for kind in ("add", "resize", "retire")):
            self._confirm(plan)
        limits = {"max_retire": len(plan["retire"])} if is_number_known else {}
        self._client.apply_import(
            order | limits, plan_digest=plan["digest"], name=str(self.projects_csv)
        )
        if self.projects_csv.read_text("utf-8") != content:
            write_file(self.projects_csv, content)
        runs = self._run_all()
        return {
            "success": all(run["state"] == SUCCESS for run in runs),
            "plan": plan,
            "runs": [_name_run(run) for run in runs],
            "next_steps": [_REMOVE_SERVERS] if plan["retire"] else [],
        }

    def _run_all(self) -> list[Record]:
        """Return the runs that make servers and set them up, until one does not succeed."""
        runs = []
        for template, states in (
            ("provision", ["planned", "provisioning"]),
            ("site", ["active"]),
        ):
            if not list(self._client.nodes.iterate(state=states, limit=1)):
                continue
            run = self._client.runs.order(template, reason=_REASON)
            self._notice(f"Run {run['id']} ({template}) is ordered: qm run follow {run['id']}")
            runs.append(self._client.runs.wait(run["id"], timeout_s=self._timeout_s))
            if runs[-1]["state"] != SUCCESS:
                break
        return runs

    def _check_clusters(self) -> list[str]:
        live = [one for one in self._client.clusters.iterate() if one["retired_at"] is None]
        step = "qm cluster add NAME --mesh-prefix NETWORK"
        return [] if live else [f"there is no cluster for new servers: {step}"]

    def _check_templates(self) -> list[str]:
        playbooks = self._client.templates.read_playbooks()
        templates = {one["template"]: one for one in self._client.templates.iterate()}
        return [
            f"template {name} can't be run: its playbook is not on the list, qm template playbooks"
            for name in ("provision", "site")
            if name not in templates or templates[name]["playbook"] not in playbooks
        ]

    def _check_table(self) -> list[str]:
        content = self.projects_csv.read_text("utf-8")
        if content.strip() == HEAD.strip():
            return [f"{self.projects_csv} declares no project"]
        try:
            order = {"format": "csv", "content": content, **self._placement}
            self._client.plan_import(order, name=str(self.projects_csv))
        except BadInput as refusal:
            return [
                f"{self.projects_csv}, line {error.get('line', '?')}: {error['field']}: "
                f"{error['reason']}"
                for error in refusal.field_errors
            ] or [refusal.message]
        return []


def _name_run(run: Record) -> dict[str, Any]:
    names = ("id", "template", "state", "state_reason")
    return {name: run[name] for name in names}
