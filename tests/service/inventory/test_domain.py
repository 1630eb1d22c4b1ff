# SPDX-License-Identifier: Apache-2.0
"""What other programs read of a node is made from one row."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory_service.inventory.domain import (
    COLUMNS,
    get_host_variables,
    get_legacy_node,
    list_groups,
    mark_unsafe,
    name_filter_groups,
)

NAMES = json.loads((Path(__file__).parents[2] / "cases/variable_names.json").read_text("utf-8"))


def make_row(**values: Any) -> list[Any]:
    row: dict[str, Any] = dict.fromkeys(COLUMNS)
    row |= {"node_id": "web-1", "node_type": "web", "cluster_id": "main", "state": "active"}
    row |= {"labels": {}, "vars": {}} | values
    return [row[name] for name in COLUMNS]


def test_groups_come_by_type_cluster_region_environment_project_and_state() -> None:
    row = make_row(region="eu-west", env="prod", project="shop")
    assert list_groups(row) == (
        "web",
        "cluster_main",
        "region_eu_west",
        "env_prod",
        "project_shop",
        "state_active",
    )
    assert list_groups(make_row()) == ("web", "cluster_main", "state_active")


def test_each_filter_is_a_choice_of_groups() -> None:
    filters = {"environment": ["prod"], "node_type": ["web", "data-store"], "region": []}
    assert name_filter_groups(filters) == [{"env_prod"}, {"web", "data_store"}]


def test_services_are_groups_too() -> None:
    row = make_row(node_services={"shop-api": {"port": 80}, "db": {"port": 1}})
    assert list_groups(row)[-2:] == ("service_shop_api", "service_db")


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


def test_the_first_shape_keeps_its_keys_and_always_has_an_address() -> None:
    node = get_legacy_node(make_row(external_ip="192.0.2.1"))
    assert node["internal_ip"] == "192.0.2.1"
    assert {"node_id", "node_type", "cluster_id", "region", "internal_ip"} <= node.keys()


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


@pytest.mark.parametrize("name", [name for one in NAMES["refused"] for name in one["names"]])
def test_a_name_that_is_refused_now_is_not_given_out_from_an_older_record(name: str) -> None:
    row = make_row(vars={name: {"ansible_connection": "local"}, "motd": "kept"})
    variables = get_host_variables(row)
    assert variables["motd"] == "kept"
    assert "local" not in json.dumps(variables)
    assert name not in variables or name in COLUMNS


def test_a_tag_within_a_value_is_not_given_out_from_an_older_record() -> None:
    row = make_row(vars={"x": {"__ansible_vault": "a", "y": [{"__ansible_unsafe": "b", "z": 1}]}})
    assert get_host_variables(row)["x"] == {"y": [{"z": 1}]}


def test_the_page_of_inventories_names_each_variable_of_a_host() -> None:
    page = (Path(__file__).parents[3] / "docs" / "inventory.md").read_text("utf-8")
    listed = page.partition("## What the service knows of a node\n")[2].partition(
        ". The environment"
    )[0]
    names = re.findall(r"`(\w+)`", re.sub(r"\(.*?\)", "", listed, flags=re.DOTALL))
    assert names == [name for name in COLUMNS if name != "vars"]
