# SPDX-License-Identifier: Apache-2.0
"""projects.csv: plan what one would change, and record it, all or nothing."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from inventory_service.core.actors import Actor
from inventory_service.core.errors import BadInput, Conflict, FieldError, ServiceError, refuse_file
from inventory_service.core.revision import rolled_back_savepoint
from inventory_service.fleet.domain.address_leases import AddressAllocator
from inventory_service.fleet.domain.environments import EnvironmentRegistration
from inventory_service.fleet.domain.nodes import (
    NodeChange,
    NodeRegistration,
    NodeState,
    TransitionRequest,
)
from inventory_service.fleet.domain.projects import ProjectRegistration
from inventory_service.fleet.models.clusters import Cluster
from inventory_service.fleet.models.environments import Environment
from inventory_service.fleet.models.nodes import Node
from inventory_service.fleet.models.projects import Project
from inventory_service.fleet.usecases.catalog import register_entry
from inventory_service.fleet.usecases.nodes import change_node, transition_node
from inventory_service.fleet.usecases.registrations import register_nodes, relocate_row
from inventory_service.imports.domain.projects_csv import Location, ProjectRow, parse_projects
from inventory_service.imports.domain.projects_plan import (
    ImportRequest,
    KnownNode,
    Plan,
    RetirementShare,
    WantedNode,
    check_retirements,
    plan_projects,
)

SOURCE = "csv"


def plan_import(
    session: Session, actor: Actor, request: ImportRequest, *, allocator: AddressAllocator
) -> Plan:
    """Return what the file would change; it is recorded as a trial and rolled back.

    :raises BadInput: as `apply_import`.
    :raises Conflict: likewise.
    """
    rows = parse_projects(request.content)
    plan = _plan(session, rows)
    with rolled_back_savepoint(session):
        _record(session, actor, request, rows, plan, allocator=allocator)
    return plan


def apply_import(
    session: Session, actor: Actor, request: ImportRequest, *, allocator: AddressAllocator
) -> Plan:
    """Record what the file asks for: new nodes as planned, new sizes, retirements.

    :raises BadInput: the file is invalid, no cluster can take its nodes, or its project or
        environment is retired.
    :raises Conflict: the plan is not the one that was shown; it retires more nodes than it may; a
        name belongs to another node; or the mesh has no address left.
    """
    rows = parse_projects(request.content)
    plan = _plan(session, rows)
    if request.plan_digest is not None and request.plan_digest != plan.digest:
        raise Conflict(
            "The fleet has changed since the plan was shown, and the plan with it. Nothing was "
            "changed. Look at the new plan and apply that one."
        )
    check_retirements(plan, request.max_retire)
    _record(session, actor, request, rows, plan, allocator=allocator)
    return plan


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


def _plan(session: Session, rows: Sequence[ProjectRow]) -> Plan:
    plan = plan_projects(rows, _list_known(session, {row.project for row in rows}))
    return replace(
        plan,
        shares=_list_shares(session, plan),
        new_projects=_list_missing(session, Project, {node.project for node in plan.add}),
        new_environments=_list_missing(session, Environment, {one.environment for one in plan.add}),
    )


def _list_shares(session: Session, plan: Plan) -> list[RetirementShare]:
    retired = Counter(retirement.environment for retirement in plan.retirements)
    query = (
        select(Node.environment, func.count())
        .where(Node.environment.in_(retired), Node.state != NodeState.RETIRED.value)
        .group_by(Node.environment)
    )
    live = {name or "": number for name, number in session.execute(query)}
    return [RetirementShare(name, retired[name], live[name]) for name in sorted(retired)]


def _list_missing(
    session: Session, kind: type[Project | Environment], names: Iterable[str]
) -> list[str]:
    """Return the projects or environments that the file is the first to name."""
    return [name for name in sorted(names) if session.get(kind, name) is None]


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


def _record(
    session: Session,
    actor: Actor,
    request: ImportRequest,
    rows: Sequence[ProjectRow],
    plan: Plan,
    *,
    allocator: AddressAllocator,
) -> None:
    """Record a plan; its errors are named by line and column of the file."""
    cluster_id = choose_cluster(session, request)
    reason = request.reason or "projects.csv"
    for node_id in plan.retire:
        transition_node(
            session, actor, node_id, TransitionRequest(state=NodeState.RETIRED, reason=reason)
        )
    for resize in plan.resize:
        change = NodeChange(spec=resize.to_spec, reason=reason)
        change_node(session, actor, resize.node_id, change, allocator=allocator)
    _register_missing(session, actor, plan)
    nodes = [_registration(wanted, cluster_id, request.provider, reason) for wanted in plan.add]
    try:
        register_nodes(session, actor, nodes, allocator=allocator, source=SOURCE)
    except ServiceError as error:
        if not error.field_errors:
            raise
        locations = {(row.project, row.environment): row.location for row in rows}
        located = error.relocated(
            lambda found: relocate_row(
                found, lambda row, cell: _in_file(plan.add[row], cell, locations)
            )
        )
        raise refuse_file(located.field_errors, type(located)) from None


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


def _register_missing(session: Session, actor: Actor, plan: Plan) -> None:
    for name in plan.new_projects:
        register_entry(session, actor, Project, ProjectRegistration(project=name))
    for name in plan.new_environments:
        register_entry(session, actor, Environment, EnvironmentRegistration(environment=name))


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
