# SPDX-License-Identifier: Apache-2.0
"""Acts on environments: register, change, retire."""

from sqlalchemy.orm import Session

from inventory_service.core.actors import Actor
from inventory_service.core.preconditions import Expected
from inventory_service.fleet.domain.catalog import RetirementRequest
from inventory_service.fleet.domain.environments import EnvironmentChange, EnvironmentRegistration
from inventory_service.fleet.models.environments import Environment
from inventory_service.fleet.models.nodes import Node
from inventory_service.fleet.models.services import Service
from inventory_service.fleet.usecases.catalog import (
    change_entry,
    check_no_nodes,
    check_no_services,
    get_entry,
    register_entry,
    retire_entry,
)


def register_environment(
    session: Session, actor: Actor, wanted: EnvironmentRegistration
) -> Environment:
    """Make an environment known.

    :raises Conflict: the name is taken.
    """
    return register_entry(session, actor, Environment, wanted.model_dump())


def change_environment(
    session: Session,
    actor: Actor,
    name: str,
    change: EnvironmentChange,
    *,
    expected: Expected = None,
) -> Environment:
    """Set what the change names.

    :raises NotFound: no such environment.
    :raises PreconditionFailed: it is not as the caller expects it.
    :raises Conflict: it is retired.
    """
    environment = get_entry(session, Environment, name)
    return change_entry(session, actor, environment, change, expected=expected)


def retire_environment(
    session: Session, actor: Actor, name: str, request: RetirementRequest
) -> Environment:
    """End an environment that has no nodes and no services left.

    :raises NotFound: no such environment.
    :raises Conflict: it has nodes or services, or is retired already.
    """
    environment = get_entry(session, Environment, name)
    check_no_nodes(session, environment, Node.environment == name)
    check_no_services(session, environment, Service.environment == name)
    return retire_entry(session, actor, environment, request)
