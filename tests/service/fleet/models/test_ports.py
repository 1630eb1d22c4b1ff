# SPDX-License-Identifier: Apache-2.0
"""The table of ports refuses a second port for the same request, whatever the use case checks."""

from typing import Any

import pytest

from inventory_service.core.database.engine import Database
from inventory_service.core.errors import Conflict
from inventory_service.fleet.models.ports import Port

FIELDS = {"project": "shop", "environment": "prod", "base": 9000, "range": 10, "preferred": 9000}


def add(store: Database, port: int, **fields: Any) -> None:
    with store.writing() as session:
        session.add(Port(**FIELDS | {"port": port, "service": None} | fields))


@pytest.mark.parametrize("service", [None, "api"])
def test_a_request_has_one_port(store: Database, service: str | None) -> None:
    add(store, 9000, service=service)
    with pytest.raises(Conflict):
        add(store, 9001, service=service)
    add(store, 9001, service="other")
    add(store, 9002, service=service, environment="uat")


def test_a_port_has_one_owner(store: Database) -> None:
    add(store, 9000)
    with pytest.raises(Conflict):
        add(store, 9000, project="blog")
