# SPDX-License-Identifier: Apache-2.0
"""The documents that other programs read are made from the same rows."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from inventory_service.domain.inventory import (
    COLUMNS,
    get_groups,
    get_host_variables,
    make_ansible_document,
    make_columns_document,
    make_first_document,
    mark_unsafe,
)


def make_row(**values: Any) -> list[Any]:
    row: dict[str, Any] = dict.fromkeys(COLUMNS)
    row |= {"node_id": "web-1", "node_type": "web", "cluster_id": "main", "state": "active"}
    row |= {"labels": {}, "vars": {}} | values
    return [row[name] for name in COLUMNS]


def test_groups_come_by_type_cluster_region_environment_project_and_state() -> None:
    rows = [make_row(region="eu-west", env="prod", project="shop"), make_row()]
    assert get_groups(rows) == {
        "cluster_main": [0, 1],
        "env_prod": [0],
        "project_shop": [0],
        "region_eu_west": [0],
        "state_active": [0, 1],
        "web": [0, 1],
    }


def test_services_are_groups_too() -> None:
    rows = [make_row(node_services={"shop-api": {"port": 80}, "db": {"port": 1}}), make_row()]
    groups = get_groups(rows)
    assert (groups["service_shop_api"], groups["service_db"]) == ([0], [0])
    assert list(groups) == sorted(groups)


def test_what_is_not_known_is_left_out_and_own_variables_come_last() -> None:
    row = make_row(ansible_host="10.0.0.9", vars={"ansible_host": "10.0.0.9", "size": 3})
    assert get_host_variables(row) == {
        "node_id": "web-1",
        "ansible_host": "10.0.0.9",
        "node_type": "web",
        "cluster_id": "main",
        "state": "active",
        "labels": {},
        "size": 3,
    }


def test_both_documents_tell_one_story() -> None:
    rows = [make_row(node_id=f"web-{number}", vars={"motd": "{{ x }}"}) for number in range(3)]
    columns = make_columns_document(rows, revision=7)
    ansible = make_ansible_document(rows)
    assert set(ansible["_meta"]["hostvars"]) == {row[0] for row in columns["rows"]}
    for name, positions in columns["groups"].items():
        assert ansible[name]["hosts"] == [columns["rows"][place][0] for place in positions]
    assert columns["revision"] == 7
    assert ansible["_meta"]["hostvars"]["web-0"]["motd"] == {"__ansible_unsafe": "{{ x }}"}


def test_the_first_shape_keeps_its_keys_and_always_has_an_address() -> None:
    nodes = make_first_document([make_row(external_ip="192.0.2.1")])["nodes"]
    assert nodes[0]["internal_ip"] == "192.0.2.1"
    assert {"node_id", "node_type", "cluster_id", "region", "internal_ip"} <= nodes[0].keys()


@given(st.recursive(st.text() | st.none() | st.integers(), st.lists))
def test_no_string_that_could_be_run_stays_unmarked(value: object) -> None:
    def check(marked: object, plain: object) -> None:
        if isinstance(plain, list):
            assert isinstance(marked, list)
            for one, other in zip(marked, plain, strict=True):
                check(one, other)
        elif isinstance(plain, str) and set(plain) & set("{}%#()[]|'\"\n=,;!~*<>"):
            assert marked == {"__ansible_unsafe": plain}
        elif isinstance(plain, str):
            assert marked in (plain, {"__ansible_unsafe": plain})
        else:
            assert marked == plain

    check(mark_unsafe(value), value)
