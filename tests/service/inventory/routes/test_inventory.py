# SPDX-License-Identifier: Apache-2.0
"""The inventory over HTTP: bytes with a validator, one story in three forms."""

import gzip
import tracemalloc

import pytest

from tests.service.conftest import Caller

pytestmark = pytest.mark.usefixtures("cluster")
PATH = "/api/v1/inventory"


def test_nodes_in_service_stand_in_the_inventory(fleet: Caller) -> None:
    document = fleet.get(PATH)
    assert set(document["_meta"]["hostvars"]) == {"n-active", "n-failed", "n-maintenance"}
    assert document["state_active"] == {"hosts": ["n-active"]}
    variables = document["_meta"]["hostvars"]["n-active"]
    assert variables["ansible_host"] == "10.0.0.3"
    assert variables["mesh_prefix"] == "10.90.0.0/24"
    assert variables["motd"] == {"__ansible_unsafe": "{{ lookup('pipe', 'id') }}"}


@pytest.mark.parametrize(
    ("query", "hosts"),
    [
        ("?state=any", {"planned", "provisioning", "active", "maintenance", "failed"}),
        ("?state=planned", {"planned"}),
        ("?state=active&state=failed", {"active", "failed"}),
        ("?state=retired", set()),
        ("?project=shop&environment=prod&region=lon1&cluster=main&state=active", {"active"}),
        ("?project=other", set()),
    ],
)  # fmt: skip
def test_filters_narrow_it(fleet: Caller, query: str, hosts: set[str]) -> None:
    document = fleet.get(PATH + query)
    assert set(document["_meta"]["hostvars"]) == {f"n-{state}" for state in hosts}


def test_the_columns_tell_the_same_story(fleet: Caller) -> None:
    columns = fleet.get(f"{PATH}?format=columns&state=any")
    ansible = fleet.get(f"{PATH}?state=any")
    names = [row[0] for row in columns["rows"]]
    assert names == sorted(ansible["_meta"]["hostvars"])
    for group, positions in columns["groups"].items():
        assert ansible[group]["hosts"] == [names[index] for index in positions]


def test_a_known_answer_is_304_and_any_change_ends_that(fleet: Caller) -> None:
    for options in ({}, {"Accept-Encoding": "gzip"}):
        answer = fleet.call("GET", PATH, status=200, headers=options)
        headers = options | {"If-None-Match": answer.headers["ETag"]}
        assert not answer.headers["ETag"].startswith("W/")
        assert fleet.call("GET", PATH, status=304, headers=headers).get_data() == b""
    fleet.patch("/api/v1/nodes/n-active", {"region": "fra1"})
    fresh = fleet.call("GET", PATH, status=200, headers=headers)
    assert b"fra1" in gzip.decompress(fresh.get_data())


def test_plain_and_zipped_are_the_same_document_with_other_validators(fleet: Caller) -> None:
    plain = fleet.call("GET", PATH, status=200)
    zipped = fleet.call("GET", PATH, status=200, headers={"Accept-Encoding": "gzip"})
    assert gzip.decompress(zipped.get_data()) == plain.get_data()
    assert plain.headers["ETag"] != zipped.headers["ETag"]
    assert "Accept-Encoding" in zipped.headers["Vary"]


def test_a_large_document_is_never_in_memory_as_a_whole(operator: Caller) -> None:
    operator.post("/api/v1/clusters", {"cluster_id": "large", "mesh_prefix": "10.80.0.0/16"})
    common = {"node_type": "web", "cluster_id": "large", "vars": {"motd": "x" * 2000}}
    nodes = [{"node_id": f"node-{number}", **common} for number in range(1000)]
    operator.post("/api/v1/registrations", {"nodes": nodes})
    path = f"{PATH}?state=any"
    whole = operator.call("GET", path, status=200).get_data()
    tracemalloc.start()
    try:
        answer = operator.call("GET", path, status=200)
        received = sum(map(len, answer.iter_encoded()))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert received == answer.content_length == len(whole)
    assert most < len(whole) / 2


def test_other_filters_have_other_validators(fleet: Caller) -> None:
    etag = fleet.call("GET", PATH, status=200).headers["ETag"]
    fleet.call("GET", PATH + "?state=planned", status=200, headers={"If-None-Match": etag})


def test_the_first_shape_is_kept(fleet: Caller) -> None:
    nodes = fleet.get("/api/inventory")["nodes"]
    assert [node["node_id"] for node in nodes] == ["n-active", "n-failed", "n-maintenance"]
    assert (
        nodes[0].items()
        >= {
            "node_type": "web",
            "cluster_id": "main",
            "region": "lon1",
            "internal_ip": "10.0.0.3",
        }.items()
    )


def test_an_empty_fleet_is_an_empty_document_not_an_error(operator: Caller) -> None:
    assert operator.get(PATH) == {
        "_meta": {"hostvars": {}},
        "all": {"children": ["ungrouped"]},
    }
    assert operator.get("/api/inventory") == {"nodes": []}


def test_known_hosts_have_a_line_a_key(fleet: Caller) -> None:
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA"
    fleet.patch("/api/v1/nodes/n-active", {"ssh_host_keys": [key]})
    answer = fleet.call("GET", "/api/v1/ssh/known_hosts", status=200)
    assert answer.get_data(as_text=True) == f"n-active,10.0.0.3,10.90.0.3 {key}\n"
