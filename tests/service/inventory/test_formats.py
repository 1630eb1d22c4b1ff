# SPDX-License-Identifier: Apache-2.0
"""Each format is valid JSON of a fixed shape, joined from parts that begin with a comma."""

import json
from typing import Any

import pytest

from inventory_service.http.responses import to_json
from inventory_service.inventory.chunks import Host
from inventory_service.inventory.domain import COLUMNS
from inventory_service.inventory.formats import (
    AnsibleFormat,
    ColumnsFormat,
    InventoryFormat,
    LegacyFormat,
)
from tests.service.inventory.test_domain import make_row

WEB = make_row(node_id="web-1", internal_ip="10.0.0.1", vars={"motd": "{{ x }}"})
DATA = make_row(node_id="data-1", external_ip="192.0.2.7", region="eu-1")
#: Two chunks: the second has the members with the indexes 2 and 3 among all hosts.
CHUNKS = [
    [Host("a", ("web",), ()), Host("b", ("web", "eu"), ())],
    [Host("c", ("eu",), ()), Host("d", ("web", "eu"), ())],
]


def join(format_: InventoryFormat, *rows: list[Any]) -> Any:
    """Return the document of some hosts and two chunks of members, joined as documents are."""
    members_by_group: dict[str, list[tuple[int, bytes]]] = {}
    for start, hosts in zip((0, 2), CHUNKS, strict=True):
        for group, members in format_.collect_members(hosts).items():
            members_by_group.setdefault(group, []).append((start, members))
    groups = format_.encode_groups(dict(sorted(members_by_group.items())))
    encoded = b"".join(format_.encode_host(row) for row in rows)[1:]
    grouped = b"".join(b"".join(texts) for texts in groups)[1:]
    return json.loads(format_.begin(7) + encoded + format_.middle + grouped + format_.end)


def test_ansible_reads_host_variables_and_the_hosts_of_each_group() -> None:
    document = join(AnsibleFormat(to_json), WEB, DATA)
    hosts = document.pop("_meta")["hostvars"]
    assert set(hosts) == {"web-1", "data-1"}
    assert hosts["web-1"]["motd"] == {"__ansible_unsafe": "{{ x }}"}
    assert "region" not in hosts["web-1"]
    assert hosts["data-1"]["region"] == "eu-1"
    assert document == {
        "all": {"children": ["eu", "web", "ungrouped"]},
        "eu": {"hosts": ["b", "c", "d"]},
        "web": {"hosts": ["a", "b", "d"]},
    }


def test_columns_hold_the_rows_as_they_are_and_groups_the_indexes_of_rows() -> None:
    document = join(ColumnsFormat(to_json), WEB, DATA)
    assert document == {
        "version": 1,
        "revision": 7,
        "columns": list(COLUMNS),
        "rows": [WEB, DATA],
        "groups": {"eu": [1, 2, 3], "web": [0, 1, 3]},
    }


def test_the_first_script_reads_a_list_of_nodes_and_no_groups() -> None:
    document = join(LegacyFormat(to_json), WEB, DATA)
    assert list(document) == ["nodes"]
    assert [node["node_id"] for node in document["nodes"]] == ["web-1", "data-1"]
    # It connects to internal_ip, whatever it is.
    assert [node["internal_ip"] for node in document["nodes"]] == ["10.0.0.1", "192.0.2.7"]


@pytest.mark.parametrize("format_", [AnsibleFormat, ColumnsFormat, LegacyFormat])
def test_an_empty_fleet_is_a_document(format_: type[Any]) -> None:
    made = format_(to_json)
    groups = b"".join(b"".join(texts) for texts in made.encode_groups({}))[1:]
    document = json.loads(made.begin(0) + made.middle + groups + made.end)
    assert document.get("all", {"children": ["ungrouped"]}) == {"children": ["ungrouped"]}
    assert document.get("rows", []) == document.get("nodes", []) == []
