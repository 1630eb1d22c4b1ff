# SPDX-License-Identifier: Apache-2.0
"""Ports over HTTP: the same wish gets the same port, and a collision stays resolved."""

from inventory_service.fleet.domain.ports import get_hash_based_port
from tests.service.conftest import Caller


def test_the_same_wish_gets_the_same_port(operator: Caller) -> None:
    operator.post("/api/v1/projects", {"project": "shop"})
    wish = {"project": "shop", "environment": "prod", "base": 8000, "range": 1000}
    first = operator.post("/api/v1/ports", wish)
    assert first["port"] == first["preferred"] == get_hash_based_port("shop", "prod", 8000, 1000)
    assert operator.post("/api/v1/ports", wish, status=200) == first


def test_a_collision_is_resolved_once_and_remembered(operator: Caller) -> None:
    operator.post("/api/v1/projects", {"project": "shop"})
    wishes = [
        {"project": "shop", "environment": name, "base": 8000, "range": 3}
        for name in ("prod", "uat", "test")
    ]
    given = [operator.post("/api/v1/ports", wish)["port"] for wish in wishes]
    assert sorted(given) == [8000, 8001, 8002]
    again = [operator.post("/api/v1/ports", wish, status=200)["port"] for wish in reversed(wishes)]
    assert again == given[::-1]
    full = {"project": "shop", "environment": "staging", "base": 8000, "range": 3}
    assert operator.post("/api/v1/ports", full, status=409)["type"].endswith(":Exhausted")


def test_bad_wishes_are_refused(operator: Caller) -> None:
    wish = {"project": "shop", "environment": "prod", "base": 8000}
    operator.post("/api/v1/ports", wish, status=404)
    operator.post("/api/v1/ports", wish | {"base": 65000}, status=422)
    operator.post("/api/v1/ports", wish | {"base": 0}, status=422)
    operator.post("/api/v1/ports", wish | {"range": 2**40}, status=422)
