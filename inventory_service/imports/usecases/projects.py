# SPDX-License-Identifier: Apache-2.0
"""projects.csv: what one would change, and how it is recorded."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from inventory_service.core.actors import Actor
from inventory_service.core.errors import BadInput, FieldError, ServiceError, refuse_file
from inventory_service.fleet.domain.address_leases import AddressAllocator
from inventory_service.fleet.domain.nodes import (
    NodeChange,
    NodeRegistration,
    NodeState,
)
from inventory_service.fleet.models.clusters import Cluster
from inventory_service.fleet.models.environments import Environment
from inventory_service.fleet.models.nodes import Node
from inventory_service.fleet.models.projects import Project
from inventory_service.fleet.usecases.catalog import find_missing, register_names
from inventory_service.fleet.usecases.changes import change_nodes
from inventory_service.fleet.usecases.nodes import get_nodes, retire_nodes
from inventory_service.fleet.usecases.registrations import register_nodes, relocate_row
from inventory_service.imports.domain.projects_csv import Location, parse_projects
from inventory_service.imports.domain.projects_plan import (
    ImportRequest,
    KnownNode,
    Plan,
    RetirementShare,
    WantedNode,
    plan_projects,
)

SOURCE = "csv"


class ProjectsFile:
    """A projects.csv.

    :raises BadInput: it is invalid, or larger than one import may be.
    """

    def __init__(self, request: ImportRequest) -> None:
        self.request = request
        self._rows = parse_projects(request.content)

    def plan(self, session: Session) -> Plan:
        """Return what must be recorded so that the fleet has what the file asks for."""
        plan = plan_projects(self._rows, _list_known(session, {row.project for row in self._rows}))
        environments = {node.environment for node in plan.add}
        return replace(
            plan,
            shares=_list_shares(session, plan),
            new_projects=find_missing(session, Project, {node.project for node in plan.add}),
            new_environments=find_missing(session, Environment, environments),
        )

    def record(
        self, session: Session, actor: Actor, plan: Plan, *, allocator: AddressAllocator
    ) -> None:
        """Record new nodes as planned, new sizes, and retirements; errors have line and column.

        :raises BadInput: no cluster can take its nodes, or its project or environment is retired.
        :raises Conflict: a name belongs to another node, or the mesh has no address left.
        """
        cluster_id = choose_cluster(session, self.request)
        reason = self.request.reason or "projects.csv"
        retire_nodes(session, actor, plan.retire, reason)
        resized = get_nodes(session, [resize.node_id for resize in plan.resize])
        changes = [NodeChange(spec=resize.to_spec, reason=reason) for resize in plan.resize]
        pairs = zip(resized, changes, strict=True)
        change_nodes(session, actor, pairs, allocator=allocator)
        register_names(session, actor, Project, plan.new_projects)
        register_names(session, actor, Environment, plan.new_environments)
        provider = self.request.provider
        nodes = [_registration(wanted, cluster_id, provider, reason) for wanted in plan.add]
        try:
            register_nodes(session, actor, nodes, allocator=allocator, source=SOURCE)
        except ServiceError as error:
            raise self._locate(error, plan) from None

    def _locate(self, error: ServiceError, plan: Plan) -> ServiceError:
        """Return an error of the new nodes with line and column of the file."""
        if not error.field_errors:
            return error
        locations = {(row.project, row.environment): row.location for row in self._rows}
        located = error.relocated(
            lambda found: relocate_row(
                found, lambda row, cell: _in_file(plan.add[row], cell, locations)
            )
        )
        return refuse_file(located.field_errors, type(located))


def choose_cluster(session: Session, request: ImportRequest) -> str:
    """Return the cluster that takes nodes for which a file names none.

    :raises BadInput: the named one is not known; or none is named, and there is not just one.
    """
    if request.cluster is not None:
        cluster = session.get(Cluster, request.cluster)
        if cluster is None or cluster.retired_at is not None:
            raise BadInput(
                f"There is no live cluster '{request.cluster}'. `qm cluster list` shows those that "
                "there are.",
                field_errors=[FieldError("cluster", "is not known or retired")],
            )
        return cluster.cluster_id
    live = session.scalars(select(Cluster.cluster_id).where(Cluster.retired_at.is_(None))).all()
    if len(live) != 1:
        raise BadInput(
            f"There are {len(live)} clusters, so the import must name the one for the nodes: "
            "`--cluster NAME`. `qm cluster add` makes one.",
            field_errors=[FieldError("cluster", "is missing")],
        )
    return live[0]


def _list_shares(session: Session, plan: Plan) -> list[RetirementShare]:
    retired = Counter(retirement.environment for retirement in plan.retirements)
    query = (
        select(Node.environment, func.count())
        .where(Node.environment.in_(retired), Node.state != NodeState.RETIRED.value)
        .group_by(Node.environment)
    )
    live = {name or "": number for name, number in session.execute(query)}
    return [RetirementShare(name, retired[name], live[name]) for name in sorted(retired)]


def _list_known(session: Session, projects: set[str]) -> list[KnownNode]:
    query = select(Node).where(
        Node.source == SOURCE,
        Node.project.in_(projects),
        (Node.state != NodeState.RETIRED.value) | Node.provider_id.is_not(None),
    )
    return [
        KnownNode(
            node.node_id,
            node.node_type,
            node.project or "",
            node.environment or "",
            node.spec,
            node.state,
            is_held=node.state == NodeState.RETIRED.value,
            region=node.region,
        )
        for node in session.scalars(query)
    ]


def _in_file(
    wanted: WantedNode, error: FieldError, locations: Mapping[tuple[str, str], Location]
) -> FieldError:
    """Return an error of a node at the cell that it comes from; no cell has its name or type."""
    location = locations[wanted.project, wanted.environment]
    match error.field:
        case "environment":
            return location.error("Environment", error.reason)
        case "node_id" | "node_type":
            value = getattr(wanted, error.field)
            return location.error("Project", f"{error.field} '{value}' {error.reason}")
        case _:
            return location.error("Project", error.reason)


def _registration(
    wanted: WantedNode, cluster_id: str, provider: str, reason: str
) -> NodeRegistration:
    return NodeRegistration(
        node_id=wanted.node_id,
        node_type=wanted.node_type,
        cluster_id=cluster_id,
        region=wanted.region,
        environment=wanted.environment,
        project=wanted.project,
        provider=provider,
        spec=wanted.spec,
        reason=reason,
    )
