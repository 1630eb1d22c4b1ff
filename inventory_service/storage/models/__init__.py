# SPDX-License-Identifier: Apache-2.0
"""The tables, one file an aggregate."""

from inventory_service.storage.models.addresses import AddressLease, FreeAddresses
from inventory_service.storage.models.answers import KeptAnswer
from inventory_service.storage.models.audit import AuditRecord, record
from inventory_service.storage.models.base import Base
from inventory_service.storage.models.clusters import Cluster
from inventory_service.storage.models.environments import Environment
from inventory_service.storage.models.fleet import (
    Fleet,
    get_revision,
    has_changed,
    next_revision,
    undone,
)
from inventory_service.storage.models.named import Named
from inventory_service.storage.models.nodes import Node, Transition
from inventory_service.storage.models.projects import Port, Project
from inventory_service.storage.models.services import Service
from inventory_service.storage.models.tokens import Token

__all__ = [
    "AddressLease",
    "AuditRecord",
    "Base",
    "Cluster",
    "Environment",
    "Fleet",
    "FreeAddresses",
    "KeptAnswer",
    "Named",
    "Node",
    "Port",
    "Project",
    "Service",
    "Token",
    "Transition",
    "get_revision",
    "has_changed",
    "next_revision",
    "record",
    "undone",
]
