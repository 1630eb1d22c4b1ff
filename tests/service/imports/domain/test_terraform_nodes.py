# SPDX-License-Identifier: Apache-2.0
"""The nodes of a Terraform file, by the convention of docs/terraform.md."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from inventory_service.core.errors import BadInput
from inventory_service.imports.domain.terraform_files import ATTRIBUTES, prune_terraform
from inventory_service.imports.domain.terraform_nodes import read_terraform

CASES = Path(__file__).parents[3] / "cases" / "terraform"


def outputs(value: Any, name: str = "nodes", *, sensitive: bool = False) -> str:
    return json.dumps({name: {"sensitive": sensitive, "type": "dynamic", "value": value}})


def field_errors(content: str) -> list[tuple[str, str]]:
    with pytest.raises(BadInput) as caught:
        read_terraform(content)
    return [(error.field, error.reason) for error in caught.value.field_errors]


def read_case(name: str) -> tuple[dict[str, dict[str, Any]], list[tuple[str, str, int]]]:
    file = read_terraform((CASES / name).read_text())
    nodes = {row.address: row.node.model_dump(exclude_none=True) for row in file.rows}
    return nodes, [(skip.address, skip.reason, skip.more) for skip in file.skipped]


def test_an_output_declares_nodes_by_their_names() -> None:
    nodes, skipped = read_case("outputs.json")
    assert nodes == {
        'quartermaster_nodes["media-1"]': {
            "node_id": "media-1",
            "node_type": "media",
            "cluster_id": "main",
            "region": "fsn1",
            "environment": "prod",
            "internal_ip": "10.0.0.10",
            "external_ip": "192.0.2.10",
            "spec": "cx22",
            "image": "debian-12",
            "labels": {"rack": "a1"},
            "vars": {"stream_port": 8080},
        },
        'quartermaster_nodes["media-2"]': {
            "node_id": "media-2",
            "node_type": "media",
            "external_ip": "2001:db8::2",
        },
    }
    assert skipped == []


def test_a_variable_of_which_ansible_warns_is_taken_with_a_warning() -> None:
    file = read_terraform(outputs({"a": {"node_type": "web", "vars": {"port": 1, "app_port": 2}}}))
    assert file.rows[0].node.vars == {"port": 1, "app_port": 2}
    (warning,) = file.skipped
    assert (warning.address, warning.kind) == ('nodes["a"]', "warning")
    assert warning.reason.startswith("has the variable 'port', a keyword of Ansible")


def test_an_output_may_be_a_list() -> None:
    file = read_terraform(outputs([{"node_id": "a", "node_type": "web"}]))
    assert [(row.address, row.node.node_id) for row in file.rows] == [("nodes[0]", "a")]


def test_servers_of_a_state_are_nodes_by_their_labels() -> None:
    nodes, skipped = read_case("hetzner.json")
    assert nodes == {
        "module.edge.hcloud_server.node[0]": {
            "node_id": "frameworks-edge-1",
            "node_type": "media",
            "cluster_id": "main",
            "region": "fsn1",
            "internal_ip": "10.1.0.10",
            "external_ip": "192.0.2.21",
            "spec": "cx22",
            "image": "debian-12",
            "labels": {"rack": "b2"},
        },
        "module.edge.hcloud_server.node[1]": {
            "node_id": "frameworks-edge-2",
            "node_type": "media",
            "cluster_id": "main",
            "region": "hel1",
            "external_ip": "2001:db8:22::1",
            "labels": {},
        },
    }
    assert skipped == [
        (
            "module.edge.hcloud_server.node[0]",
            "its label 'Not A Label' is no RFC 1123 label",
            0,
        ),
        ("module.edge.hcloud_server.node[1]", "its size 'ccx63' is no spec that is known", 0),
        ("hcloud_server.bastion", "has no label 'role', which would be its node_type", 0),
    ]


@pytest.mark.parametrize(
    ("case", "address", "expected", "reasons"),
    [
        (
            "digitalocean.json",
            'digitalocean_droplet.web["a"]',
            {
                "node_id": "web-a",
                "node_type": "web",
                "cluster_id": "main",
                "region": "ams3",
                "environment": "prod",
                "project": "shop",
                "internal_ip": "10.2.0.31",
                "external_ip": "192.0.2.31",
                "spec": "s-2vcpu-4gb",
                "image": "debian-12-x64",
                "labels": {"backup": ""},
            },
            [],
        ),
        (
            "amazon.json",
            "aws_instance.data",
            {
                "node_id": "data-1",
                "node_type": "data",
                "cluster_id": "main",
                "region": "eu-central-1",
                "internal_ip": "10.3.0.41",
                "image": "ami-0123456789abcdef0",
                "labels": {},
            },
            [
                "its size 'm7i.large' is no spec that is known",
                "its label 'CostCenter' is no RFC 1123 label",
            ],
        ),
    ],
)
def test_tags_of_other_clouds_are_read_likewise(
    case: str, address: str, expected: dict[str, Any], reasons: list[str]
) -> None:
    nodes, skipped = read_case(case)
    assert nodes == {address: expected}
    assert [reason for _, reason, _ in skipped] == reasons


def test_what_a_node_lacks_or_soon_is_no_more_is_named() -> None:
    nodes, skipped = read_case("amazon_tags.json")
    assert nodes == {
        "module.webserver.aws_instance.web": {
            "node_id": "web-1",
            "node_type": "web",
            "cluster_id": "main",
            "region": "eu-central-1",
            "environment": "staging",
            "project": "shop",
            "external_ip": "2001:db8:1::10",
            "image": "ami-00000000",
            "labels": {"managed-by": "terraform"},
        },
        "aws_instance.unreachable": {"node_id": "far-1", "node_type": "data", "labels": {}},
    }
    assert [
        (address, reason.partition(",")[0].partition(":")[0]) for address, reason, _ in skipped
    ] == [
        ("output nodes", "has no object in it"),
        ("module.webserver.aws_instance.web", "its size 't3.micro' is no spec that is known"),
        ("module.webserver.aws_instance.web", "is tainted"),
        ("aws_instance.unreachable", "has no address"),
    ]


@pytest.mark.parametrize(
    ("value", "is_read"),
    [
        (["192.0.2.1"], False),
        ({"a": "192.0.2.1"}, False),
        ("192.0.2.1", False),
        (None, False),
        ([], True),
        ({}, True),
        ([{"node_id": "a", "node_type": "web"}], True),
    ],
)
def test_an_output_called_nodes_without_any_object_leaves_the_servers(
    value: Any, *, is_read: bool
) -> None:
    state = json.loads((CASES / "hetzner.json").read_text())
    state["outputs"]["nodes"] = {"value": value, "type": "dynamic"}
    for document in (state, prune_terraform(state)):
        file = read_terraform(json.dumps(document))
        assert ("hcloud_server" in str([row.address for row in file.rows])) is not is_read
        warned = [skip.address for skip in file.skipped if skip.kind == "warning"]
        assert warned == ([] if is_read else ["output nodes"])


@pytest.mark.parametrize(
    ("output", "sensitive"),
    [("quartermaster_nodes", False), ("nodes", True)],
)
def test_an_output_that_is_ours_or_sensitive_never_leaves_the_servers(
    output: str, *, sensitive: bool
) -> None:
    state = json.loads((CASES / "hetzner.json").read_text())
    state["outputs"][output] = {"value": ["192.0.2.1"], "sensitive": sensitive}
    for document in (state, prune_terraform(state)):
        with pytest.raises(BadInput, match=f"The output '{output}' is"):
            read_terraform(json.dumps(document))


def test_an_output_about_something_else_is_refused_with_the_way_on() -> None:
    with pytest.raises(BadInput, match="declare the nodes in an output 'quartermaster_nodes'"):
        read_terraform(outputs(["192.0.2.1"]))


def test_an_output_goes_before_the_servers_of_the_same_state() -> None:
    state = json.loads((CASES / "hetzner.json").read_text())
    state["outputs"]["nodes"] = {"value": [{"node_id": "a", "node_type": "web"}], "type": "list"}
    assert [row.address for row in read_terraform(json.dumps(state)).rows] == ["nodes[0]"]


def test_what_is_left_out_for_one_reason_is_listed_once() -> None:
    state = json.loads((CASES / "hetzner.json").read_text())
    bare = {"mode": "managed", "type": "hcloud_server", "name": "x"}
    instances = [{"index_key": n, "attributes": {"name": f"x-{n}"}} for n in range(3)]
    state["resources"] = [{**bare, "instances": instances}]
    (skip,) = read_terraform(json.dumps(state)).skipped
    assert (skip.address, skip.more) == ("hcloud_server.x[0]", 2)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("", "is not JSON: "),
        ('resource "x" "y" {}', "is not JSON: "),
        ("[" * 100_000, "is JSON that is nested too deeply"),
        ("[]", "is JSON, but not an object"),
        ("null", "is JSON, but not an object"),
        ('{"version": 3, "resources": []}', "is a state file of version 3"),
        ('{"format_version": "1.0", "values": {}}', "is what `terraform show -json` prints"),
        ('{"nodes": []}', "is a JSON object with 'nodes'"),
        (
            '{"serial": 1, "meta": {}, "encrypted_data": "AA", "encryption_version": "v0"}',
            "is an encrypted state of OpenTofu",
        ),
        ("{}", "declares no nodes"),
        ('{"a": {"sensitive": false, "value": 1}}', "declares no nodes"),
    ],
)
def test_a_file_of_another_kind_is_named(content: str, found: str) -> None:
    ((field, reason),) = field_errors(content)
    assert field == "file"
    assert reason.startswith(found)


@pytest.mark.parametrize(
    ("content", "field", "reason"),
    [
        (outputs([], sensitive=True), "nodes", "is sensitive"),
        (outputs("web-1"), "nodes", "must be a map or a list of objects"),
        (outputs(["web-1"]), "nodes[0]", "must be an object"),
        (outputs([{"node_type": "web"}]), "nodes[0].node_id", "Field required"),
        (outputs({"a": {}}), 'nodes["a"].node_type', "Field required"),
        (outputs({"A": {"node_type": "web"}}), 'nodes["A"].node_id', "must be an RFC 1123 label"),
        (
            outputs({"{{ x }}": {"node_type": "web"}}),
            'nodes["{{ x }}"].node_id',
            "must be an RFC 1123 label",
        ),
        (
            outputs({"a": {"node_type": "web", "provider": "docker"}}),
            'nodes["a"].provider',
            "is not a field of a node",
        ),
        (
            outputs({"a": {"node_type": "web", "external_ip": "x"}}),
            'nodes["a"].external_ip',
            "'x' is not an IP address",
        ),
        (
            outputs({"a": {"node_type": "web", "labels": {"rack": 1}}}),
            'nodes["a"].labels.rack',
            "Input should be a valid string",
        ),
        (
            outputs({"a": {"node_type": "web", "vars": {"ansible_connection": "local"}}}),
            'nodes["a"].vars',
            "'ansible_connection' could run code",
        ),
    ],
)
def test_a_wrong_node_is_named_by_address_and_field(content: str, field: str, reason: str) -> None:
    ((found, why),) = field_errors(content)
    assert found == field
    assert why.startswith(reason)


def test_a_name_that_is_there_twice_is_named_both_times() -> None:
    twice = outputs([{"node_id": "a", "node_type": "web"}, {"node_id": "a", "node_type": "db"}])
    assert [field for field, _ in field_errors(twice)] == ["nodes[0].node_id", "nodes[1].node_id"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=3,
)
ROLE = st.just({"role": "web"}) | st.just(["role:web"])


@st.composite
def states(draw: st.DrawFn) -> dict[str, Any]:
    """Return a state of one server with any JSON in it, as no Terraform would write it."""
    kind = draw(st.sampled_from(sorted(ATTRIBUTES)))
    attributes = st.fixed_dictionaries(dict.fromkeys(ATTRIBUTES[kind], JSON | ROLE))
    instance = {"attributes": draw(attributes), "sensitive_attributes": draw(JSON)}
    resource = {"mode": "managed", "type": draw(st.just(kind) | JSON), "name": draw(JSON)}
    return {"version": 4, "resources": [{**resource, "instances": [instance]}]}


def make_state(kind: Any, attributes: dict[str, Any], sensitive: Any = None) -> dict[str, Any]:
    instance = {"attributes": attributes, "sensitive_attributes": sensitive}
    resource = {"mode": "managed", "type": kind, "name": "a", "instances": [instance]}
    return {"version": 4, "resources": [resource]}


@example(make_state(["hcloud_server"], {}))
@example(make_state("hcloud_server", {"server_type": ["cx22"], "labels": {"role": "web"}}))
@example(make_state("digitalocean_droplet", {"tags": 7}))
@example(make_state("hcloud_server", {"name": "SECRET", "labels": {"role": "SECRET"}}, 7))
@given(states())
def test_a_state_with_any_value_is_nodes_or_errors(state: dict[str, Any]) -> None:
    texts = [json.dumps(state), json.dumps(prune_terraform(state))]
    assert "SECRET" not in texts[1]
    for text in texts:
        try:
            read_terraform(text)
        except BadInput as error:
            assert error.field_errors  # noqa: PT017 - either outcome is right
