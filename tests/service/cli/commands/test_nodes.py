# SPDX-License-Identifier: Apache-2.0
"""`qm node` against a real service."""

from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result

Qm = Callable[..., Result]
Ask = Callable[..., Any]

KEY = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="
HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJqmV9Z8yYl4hkZq4gRjM0vWZ3pO2o3QxF1x0y5n7d3E"


@pytest.fixture
def web(ask: Ask, mesh: str) -> str:
    """Return the name of a planned node."""
    ask("node", "add", "web-1", "--type", "web", "--cluster", mesh, "--label", "a=1")
    return "web-1"


def activate(ask: Ask, name: str) -> None:
    ask("node", "set", name, "--internal-ip", "172.20.0.9")
    for state in ("provisioning", "active"):
        ask("node", "set", name, "--state", state, "--reason", "made")


def test_a_node_is_added_with_all_its_fields(ask: Ask, mesh: str) -> None:
    ask("project", "add", "shop")
    words = {
        "--type": "web",
        "--cluster": mesh,
        "--region": "eu-1",
        "--project": "shop",
        "--environment": "prod",
        "--internal-ip": "172.20.0.5",
        "--external-ip": "192.0.2.5",
        "--wireguard-ip": "10.90.0.5",
        "--wireguard-public-key": KEY,
        "--provider": "docker",
        "--provider-id": "abc",
        "--spec": "s-1vcpu-1gb",
        "--provisioned-spec": "s-1vcpu-1gb",
        "--image": "debian-12",
        "--reason": "first",
        "--ssh-host-key": HOST_KEY,
        "--label": "tier=front",
        "--var": 'limits={"files": 10}',
    }
    made = ask("node", "add", "web-1", *(word for pair in words.items() for word in pair))
    assert made == ask("node", "show", "web-1")
    assert made["vars"] == {"limits": {"files": 10}}
    assert made["labels"] == {"tier": "front"}
    assert made["ssh_host_keys"] == [HOST_KEY]
    assert made["state"] == "planned"
    assert [made["wireguard_ip"], made["wireguard_public_key"]] == ["10.90.0.5", KEY]


def test_labels_and_variables_that_are_not_named_stay(ask: Ask, web: str) -> None:
    ask("node", "set", web, "--label", "b=2", "--var", "x=1")
    ask("node", "set", web, "--label", "a=9", "--remove-label", "b", "--var", "y=[true]")
    found = ask("node", "show", web)
    assert (found["labels"], found["vars"]) == ({"a": "9"}, {"x": 1, "y": [True]})


def test_an_empty_value_takes_a_field_away(ask: Ask, web: str) -> None:
    ask("node", "set", web, "--region", "eu-1", "--ssh-host-key", HOST_KEY)
    ask("node", "set", web, "--region", "", "--ssh-host-key", "")
    found = ask("node", "show", web)
    assert (found["region"], found["ssh_host_keys"]) == (None, [])


def test_maintenance_begins_and_ends_with_a_record_through_this_door(ask: Ask, web: str) -> None:
    activate(ask, web)
    begun = ask("node", "maintain", web, "--reason", "disk")
    ended = ask("node", "maintain", web, "--end", "--reason", "disk is new")
    assert [begun["from_state"], begun["to_state"]] == ["active", "maintenance"]
    assert [ended["from_state"], ended["to_state"]] == ["maintenance", "active"]
    assert [begun["door"], begun["reason"]] == ["cli", "disk"]


def test_only_the_begin_of_a_maintenance_needs_a_reason(qm: Qm, ask: Ask, web: str) -> None:
    activate(ask, web)
    refused = qm("node", "maintain", web)
    assert (refused.exit_code, "--reason" in refused.stderr) == (2, True)
    ask("node", "maintain", web, "--reason", "disk")
    assert ask("node", "maintain", web, "--end")["to_state"] == "active"


def test_the_only_cluster_takes_a_node_and_of_several_one_is_chosen(
    qm: Qm, ask: Ask, mesh: str
) -> None:
    assert ask("node", "add", "web-1", "--type", "web")["cluster_id"] == mesh
    ask("cluster", "add", "edge", "--mesh-prefix", "10.91.0.0/24")
    refused = qm("node", "add", "web-2", "--type", "web")
    assert refused.exit_code == 2
    assert "--cluster. There are: edge, main" in refused.stderr
    ask("cluster", "retire", "edge", "--reason", "over", "--yes")
    assert ask("node", "add", "web-2", "--type", "web")["cluster_id"] == mesh


def test_a_node_without_a_cluster_leads_to_the_command_that_adds_one(qm: Qm) -> None:
    refused = qm("node", "add", "web-1", "--type", "web")
    assert refused.exit_code == 2
    assert "qm cluster add" in refused.stderr


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--type", "a b"], "  --type: "),
        (["--type", "web", "--internal-ip", "x"], "  --internal-ip: "),
        (["--type", "web", "--ssh-host-key", "x"], "  --ssh-host-key"),
        (["--type", "web", "--label", "a b=c"], "  --label"),
    ],
)
@pytest.mark.usefixtures("mesh")
def test_a_value_that_the_service_refuses_is_named_by_its_option(
    qm: Qm, words: list[str], named: str
) -> None:
    refused = qm("node", "add", "web-1", *words)
    assert refused.exit_code == 1
    assert named in refused.stderr


def test_a_retired_node_is_listed_only_on_demand(ask: Ask, web: str) -> None:
    ask("node", "retire", web, "--reason", "done", "--yes")
    assert ask("node", "list") == []
    assert [found["node_id"] for found in ask("node", "list", "--state", "retired")] == [web]


def test_a_retired_node_is_brought_back_and_the_audit_tells_of_it(ask: Ask, web: str) -> None:
    ask("node", "retire", web, "--reason", "by mistake", "--yes")
    assert ask("node", "restore", web, "--reason", "it is needed")["state"] == "planned"
    records = ask("audit", "--noun", "node", "--subject", web)
    assert [(one["action"], one["reason"]) for one in records] == [
        ("restore", "it is needed"),
        ("move", "by mistake"),
        ("register", None),
    ]
    assert len(ask("audit", "--limit", "1")) == 1


def test_people_get_a_table_and_whole_names(qm: Qm, ask: Ask, mesh: str) -> None:
    name = "n" * 63
    ask("node", "add", name, "--type", "web", "--cluster", mesh)
    lines = qm("node", "list").stdout.splitlines()
    assert lines[0].split()[:2] == ["NODE", "STATE"]
    assert lines[1].split()[:2] == [name, "planned"]


def test_an_empty_list_is_said_to_people_and_silent_for_programs(qm: Qm) -> None:
    told = qm("node", "list")
    assert (told.stdout, told.exit_code) == ("", 0)
    assert "qm node add" in told.stderr
    assert qm("node", "list", "--json").stdout == "[]\n"


def test_a_list_that_filters_leave_empty_is_not_taken_for_an_empty_fleet(qm: Qm, web: str) -> None:
    told = qm("node", "list", "--project", "nope")
    assert web not in told.stdout
    assert told.stderr == "Nothing fits these filters.\n"


@pytest.mark.parametrize(
    "name", ["-rf", "../tokens", "a b", "two\nlines", "x" * 65536, "%2e%2e", "ü", "a/b", ";id", ""]
)
def test_a_strange_name_is_data_and_found_nowhere(qm: Qm, name: str) -> None:
    result = qm("node", "show", "--json", "--", name)
    # The longest one does not fit into a request line; the server refuses that itself.
    assert result.exit_code in ({1} if len(name) > 60000 else {1, 4})
    assert not isinstance(result.exception, KeyError | TypeError | ValueError)


@pytest.mark.parametrize("name", ["-rf", "../tokens", "a b", "two\nlines", "x" * 65536, "", "A"])
def test_a_strange_name_is_refused_at_registration(qm: Qm, mesh: str, name: str) -> None:
    result = qm("node", "add", "--type", "web", "--cluster", mesh, "--json", "--", name)
    assert result.exit_code == 1
    assert "node_id" in result.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["node", "set", "web-1"],
        ["node", "set", "web-1", "--reason", "none"],
        ["node", "set", "web-1", "--state", "active", "--region", "eu"],
        ["node", "add", "web-1", "--label", "novalue"],
        ["node", "add", "web-1", "--var", "a=1", "--var", "a=2"],
        ["node", "retire", "web-1"],
        ["node", "list", "--limit", "0"],
    ],
)
def test_wrong_usage_is_told_before_anything_is_sent(qm: Qm, words: list[str]) -> None:
    assert qm(*words).exit_code == 2
