# SPDX-License-Identifier: Apache-2.0
"""Retired nodes come back as what they can still be, and to nothing that others have by now."""

import pytest

from tests.service.conftest import Caller, make_node

KEY = "A" * 42 + "A="
pytestmark = pytest.mark.usefixtures("cluster")


def test_a_retired_node_comes_back_planned_with_its_old_address(operator: Caller) -> None:
    make_node(operator, "web-1", internal_ip="10.0.0.1", state="retired")
    make_node(operator, "web-2")
    node = operator.post("/api/v1/nodes/web-1/restoration", {"reason": "by mistake"})
    assert (node["state"], node["wireguard_ip"], node["internal_ip"]) == (
        "planned",
        "10.90.0.1",
        None,
    )
    last = operator.get("/api/v1/nodes/web-1/transitions")["items"][-1]
    assert (last["from_state"], last["to_state"], last["reason"]) == (
        "retired",
        "planned",
        "by mistake",
    )
    operator.post("/api/v1/nodes/web-1/restoration", {}, status=409)


def test_a_retired_node_whose_server_still_runs_comes_back_into_maintenance(
    operator: Caller,
) -> None:
    make_node(
        operator, "web-1", internal_ip="10.0.0.1", provider="docker", provider_id="abc",
        state="retired",
    )  # fmt: skip
    node = operator.post("/api/v1/nodes/web-1/restoration", {})
    assert (node["state"], node["internal_ip"], node["provider_id"]) == (
        "maintenance",
        "10.0.0.1",
        "abc",
    )


def test_a_node_does_not_come_back_to_what_another_one_has_by_now(operator: Caller) -> None:
    make_node(operator, "web-1", wireguard_public_key=KEY, state="retired")
    make_node(operator, "web-2", wireguard_public_key=KEY)
    problem = operator.post("/api/v1/nodes/web-1/restoration", {}, status=409)
    assert "belongs to node 'web-2'" in problem["detail"]
    assert operator.get("/api/v1/nodes/web-1")["state"] == "retired"
    make_node(operator, "web-3", state="retired")
    make_node(operator, "web-3")
    operator.post("/api/v1/nodes/web-3/restoration", {}, status=409)


@pytest.mark.parametrize(
    ("retired", "since"),
    [(("media", "web"), ("m1", "media")), (("m1", "media"), ("media", "web"))],
)
def test_no_host_comes_back_beside_a_group_of_its_name(
    operator: Caller, retired: tuple[str, str], since: tuple[str, str]
) -> None:
    for provider_id in (None, "abc"):
        make_node(
            operator, retired[0], node_type=retired[1], provider_id=provider_id, state="retired"
        )
        make_node(operator, since[0], node_type=since[1])
        problem = operator.post(f"/api/v1/nodes/{retired[0]}/restoration", {}, status=409)
        assert "Ansible can't tell a host from a group" in problem["detail"]
        operator.post(f"/api/v1/nodes/{since[0]}/transitions", {"state": "retired"})
    assert operator.post(f"/api/v1/nodes/{retired[0]}/restoration", {})["state"] == "maintenance"
