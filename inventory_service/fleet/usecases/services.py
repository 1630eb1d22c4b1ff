# SPDX-License-Identifier: Apache-2.0
"""Register and change services, whose nodes, port and paths are checked."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from inventory_service.core.actors import Actor
from inventory_service.core.errors import BadInput, Conflict, FieldError
from inventory_service.core.preconditions import Expected
from inventory_service.fleet.domain.nodes import NodeState
from inventory_service.fleet.domain.services import (
    ServiceChange,
    ServiceRegistration,
    check_protocol,
)
from inventory_service.fleet.models.nodes import Node
from inventory_service.fleet.models.ports import Port
from inventory_service.fleet.models.services import Service
from inventory_service.fleet.usecases.catalog import (
    change_entry,
    check_unused,
    get_entry,
    register_entry,
)
from inventory_service.fleet.usecases.ports import give_port
from inventory_service.fleet.usecases.uniqueness import ReferenceCheck


def register_service(session: Session, actor: Actor, wanted: ServiceRegistration) -> Service:
    """Register a service, on the port that it names or on one that is given to it alone.

    :raises Conflict: the name is taken, or the port that it names was given to somebody.
    :raises Exhausted: no port is left in its range.
    :raises BadInput: its project, its environment or a node is not known; or it would be asked for
        paths that its protocol does not have.
    """
    check_unused(session, Service, wanted.service)
    references = wanted.model_dump(include={"project", "environment"})
    ReferenceCheck(session, [references]).check(references)
    _check_nodes(session, wanted.nodes)
    port = wanted.port
    if port is None:
        port = give_port(session, actor, wanted.get_port_request())[0].port
    else:
        _check_port(session, port)
    service = register_entry(session, actor, Service, wanted, port=port)
    check_protocol(service)
    return service


def change_service(
    session: Session,
    actor: Actor,
    name: str,
    change: ServiceChange,
    *,
    expected: Expected = None,
) -> Service:
    """Set the fields that the change names.

    :raises NotFound: no such service.
    :raises PreconditionFailed: it is not as the caller expects it.
    :raises Conflict: it is retired.
    :raises BadInput: a node is not known; or it would be asked for paths that its protocol does
        not have.
    """
    known = set(get_entry(session, Service, name).nodes)
    _check_nodes(session, [node_id for node_id in change.nodes if node_id not in known])
    service = change_entry(session, actor, Service, name, change, expected=expected)
    check_protocol(service)
    return service


def _check_nodes(session: Session, wanted: Sequence[str]) -> None:
    """Raise BadInput if a node is not live; one that is retired later just drops out."""
    query = select(Node.node_id).where(
        Node.node_id.in_(wanted), Node.state != NodeState.RETIRED.value
    )
    live = set(session.scalars(query)) if wanted else set()
    field_errors = [
        FieldError(f"nodes.{index}", f"node '{node_id}' is not known or retired")
        for index, node_id in enumerate(wanted)
        if node_id not in live
    ]
    if field_errors:
        raise BadInput(
            f"{len(field_errors)} of the nodes named are not known or retired. `qm node list` "
            "shows those that there are.",
            field_errors=field_errors,
        )


def _check_port(session: Session, port: int) -> None:
    given = session.get(Port, port)
    if given is not None:
        owner = given.service or f"project '{given.project}' in {given.environment}"
        raise Conflict(
            f"The port {port} was given to {owner}. Leave it out to be given one, or name another.",
            field_errors=[FieldError("port", "belongs to somebody else")],
        )
