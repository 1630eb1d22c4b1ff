# SPDX-License-Identifier: Apache-2.0
"""Imports: show what a projects.csv would change, and record it, all or nothing."""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from inventory_service.domain.actors import Actor
from inventory_service.domain.environments import EnvironmentRegistration
from inventory_service.domain.errors import BadInput, Conflict, Fault
from inventory_service.domain.imports import (
    ImportRequest,
    KnownNode,
    Plan,
    WantedNode,
    plan_projects,
)
from inventory_service.domain.nodes import (
    NodeChange,
    NodeRegistration,
    NodeState,
    TransitionRequest,
)
from inventory_service.domain.projects import ProjectRegistration
from inventory_service.domain.projects_csv import parse_projects
from inventory_service.storage.models import Cluster, Environment, Node, Project
from inventory_service.usecases.environments import register_environment
from inventory_service.usecases.nodes import change_node, move_node
from inventory_service.usecases.projects import register_project
from inventory_service.usecases.registrations import register_nodes

SOURCE = "csv"


def plan_import(session: Session, request: ImportRequest) -> Plan:
    """Return what the file would change; nothing is changed.

    :raises BadInput: the file has faults, or no cluster can take its nodes.
    """
    choose_cluster(session, request)
    return _plan(session, request)


def apply_import(
    session: Session, actor: Actor, request: ImportRequest, *, quarantine: timedelta
) -> Plan:
    """Record what the file asks for: new nodes as planned, new sizes, retirements.

    :raises BadInput: the file has faults, or no cluster can take its nodes.
    :raises Conflict: the plan is not the one that was shown; or the mesh has no address left.
    """
    cluster_id = choose_cluster(session, request)
    plan = _plan(session, request)
    if request.plan_digest is not None and request.plan_digest != plan.digest:
        raise Conflict(
            "The fleet has changed since the plan was shown, and the plan with it. Nothing was "
            "changed. Look at the new plan and apply that one."
        )
    reason = request.reason or "projects.csv"
    for node_id in plan.retire:
        move_node(
            session, actor, node_id, TransitionRequest(state=NodeState.RETIRED, reason=reason)
        )
    for resize in plan.resize:
        change = NodeChange(spec=resize.to_spec, reason=reason)
        change_node(session, actor, resize.node_id, change, quarantine=quarantine)
    _register_missing(session, actor, plan)
    register_nodes(
        session,
        actor,
        [_registration(wanted, cluster_id, request.provider, reason) for wanted in plan.add],
        quarantine=quarantine,
        source=SOURCE,
    )
    return plan


def choose_cluster(session: Session, request: ImportRequest) -> str:
    """Return the cluster that takes nodes for which a file names none.

    :raises BadInput: the one that is asked for is not known; or it must be said which one.
    """
    if request.cluster is not None:
        cluster = session.get(Cluster, request.cluster)
        if cluster is None or cluster.retired_at is not None:
            raise BadInput(
                f"There is no live cluster '{request.cluster}'. `qm cluster list` shows those that "
                "there are.",
                faults=[Fault("cluster", "is not known or retired")],
            )
        return cluster.cluster_id
    live = session.scalars(select(Cluster.cluster_id).where(Cluster.retired_at.is_(None))).all()
    if len(live) != 1:
        raise BadInput(
            f"There are {len(live)} clusters, so it must be said which one takes the nodes: "
            "`--cluster NAME`. `qm cluster add` makes one.",
            faults=[Fault("cluster", "is missing")],
        )
    return live[0]


def _plan(session: Session, request: ImportRequest) -> Plan:
    rows = parse_projects(request.content)
    names = {row.project for row in rows}
    plan = plan_projects(rows, _list_known(session, names))
    _check_names(session, plan)
    return plan


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
            is_held=node.state == NodeState.RETIRED.value,
        )
        for node in session.scalars(query)
    ]


def _check_names(session: Session, plan: Plan) -> None:
    """Refuse a plan that would need the name of a node that the file does not own."""
    names = [wanted.node_id for wanted in plan.add]
    taken = session.scalars(
        select(Node.node_id).where(Node.node_id.in_(names), Node.state != NodeState.RETIRED.value)
    ).all()
    if taken:
        raise BadInput(
            f"The file needs names that other nodes have: {', '.join(sorted(taken)[:10])}. Retire "
            "those nodes, or choose another name for the project.",
            faults=[Fault("Project", f"the name '{name}' is taken") for name in sorted(taken)[:50]],
        )


def _register_missing(session: Session, actor: Actor, plan: Plan) -> None:
    """Make the projects and environments known that the file is the first to name."""
    for name in sorted({wanted.project for wanted in plan.add}):
        if session.get(Project, name) is None:
            register_project(session, actor, ProjectRegistration(project=name))
    for name in sorted({wanted.environment for wanted in plan.add}):
        if session.get(Environment, name) is None:
            register_environment(session, actor, EnvironmentRegistration(environment=name))


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
