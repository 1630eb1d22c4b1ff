# SPDX-License-Identifier: Apache-2.0
"""Ports given to projects and services: the same request gets the same port each time."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from inventory_service.core.actors import Actor
from inventory_service.core.audit_log import record
from inventory_service.fleet.domain.ports import PortRequest, choose_port, get_preferred_port
from inventory_service.fleet.models.environments import Environment
from inventory_service.fleet.models.ports import Port
from inventory_service.fleet.models.projects import Project
from inventory_service.fleet.models.services import Service
from inventory_service.fleet.usecases.catalog import get_entry


def give_port(session: Session, actor: Actor, request: PortRequest) -> tuple[Port, bool]:
    """Return the port of a request, and whether it was given just now.

    A collision is resolved once, by the next free port, and then remembered.

    :raises NotFound: no such project or environment.
    :raises Exhausted: the range has no free port.
    """
    get_entry(session, Project, request.project)
    get_entry(session, Environment, request.environment)
    fields = request.model_dump()
    known = session.scalars(select(Port).filter_by(**fields)).one_or_none()
    if known is not None:
        return known, False
    last = request.base + request.range - 1
    taken = set(session.scalars(select(Port.port).where(Port.port.between(request.base, last))))
    # Services may name a port of their own choice, which nobody gave them.
    taken |= set(session.scalars(select(Service.port).where(Service.retired_at.is_(None))))
    port = Port(**fields, port=choose_port(request, taken), preferred=get_preferred_port(request))
    session.add(port)
    record(session, actor, "give", "port", str(port.port), after=port.as_dict())
    session.flush()
    return port, True
