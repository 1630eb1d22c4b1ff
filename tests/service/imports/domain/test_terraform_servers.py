# SPDX-License-Identifier: Apache-2.0
"""Servers of a Terraform state as nodes: the fields that the attributes of each kind become."""

from typing import Any

import pytest

from inventory_service.imports.domain.skips import Skip, Skips
from inventory_service.imports.domain.terraform_files import Server
from inventory_service.imports.domain.terraform_servers import read_server

ADDRESS = {"ipv4_address": "192.0.2.9"}


def read_all(
    kind: str, attributes: dict[str, Any], *, is_tainted: bool = False
) -> tuple[dict[str, Any] | None, list[Skip]]:
    skips = Skips()
    return read_server(Server("x.y", kind, attributes, is_tainted), skips), skips.all()


def read(kind: str, **attributes: Any) -> tuple[dict[str, Any] | None, list[str]]:
    fields, skipped = read_all(kind, attributes)
    return fields, [skip.reason for skip in skipped if skip.kind != "warning"]


def read_hcloud(**attributes: Any) -> dict[str, Any]:
    fields, reasons = read("hcloud_server", **{"labels": {"role": "web"}, **attributes})
    assert reasons == []
    assert fields is not None
    return fields


@pytest.mark.parametrize(
    ("attributes", "field", "value"),
    [
        ({"name": "a"}, "node_id", "a"),
        ({"server_type": "cx22"}, "spec", "cx22"),
        ({"location": "fsn1"}, "region", "fsn1"),
        ({"network": [{"ip": "10.0.0.1"}, {"ip": "10.1.0.1"}]}, "internal_ip", "10.0.0.1"),
        ({"ipv4_address": "192.0.2.1", "ipv6_address": "::1"}, "external_ip", "192.0.2.1"),
        ({"ipv4_address": "", "ipv6_address": "2001:db8::1"}, "external_ip", "2001:db8::1"),
        ({"labels": {"role": "web", "cluster": "main"}}, "cluster_id", "main"),
        ({"labels": {"role": "web", "project": "shop"}}, "project", "shop"),
        ({"labels": {"role": "web", "rack": ""}}, "labels", {"rack": ""}),
    ],
)
def test_an_attribute_or_label_becomes_a_field(
    attributes: dict[str, Any], field: str, value: Any
) -> None:
    assert read_hcloud(**attributes)[field] == value


@pytest.mark.parametrize(
    "attributes",
    [
        {"network": []},
        {"network": ["x"]},
        {"network": None, "ipv4_address": ""},
        {"image": "", "location": None, "server_type": ""},
        {"labels": {"role": "web", "cluster": "", "environment": None}},
    ],
)
def test_what_has_no_value_is_not_set(attributes: dict[str, Any]) -> None:
    assert read_hcloud(**attributes) == {"node_type": "web", "labels": {}}


@pytest.mark.parametrize(
    ("zone", "region"),
    [
        ("eu-central-1a", "eu-central-1"),
        ("us-gov-west-1b", "us-gov-west-1"),
        ("us-west-2-lax-1a", "us-west-2-lax-1a"),
        ("eu-central-1", "eu-central-1"),
    ],
)
def test_the_region_of_an_instance_is_its_zone_without_the_letter(zone: str, region: str) -> None:
    tags = {"Name": "a", "role": "data"}
    fields, _ = read("aws_instance", tags=tags, availability_zone=zone)
    assert fields == {"node_id": "a", "node_type": "data", "region": region, "labels": {}}
    assert "Name" in tags, "the state itself is left as it was"


def test_a_tag_of_a_droplet_is_a_label_up_to_its_first_colon() -> None:
    fields, _ = read("digitalocean_droplet", tags=["role:web", "backup", "url:http://x", 7])
    assert fields == {"node_type": "web", "labels": {"backup": "", "url": "http://x"}}


@pytest.mark.parametrize(
    ("kind", "attributes", "word"),
    [
        ("hcloud_server", {"labels": {"role": ""}}, "label"),
        ("hcloud_server", {}, "label"),
        ("digitalocean_droplet", {"tags": ["web"]}, "tag"),
        ("aws_instance", {"tags": None}, "tag"),
    ],
)
def test_a_server_without_a_role_is_none_of_ours(
    kind: str, attributes: dict[str, Any], word: str
) -> None:
    reason = f"has no {word} 'role', which would be its node_type"
    assert read(kind, **attributes) == (None, [reason])


def test_an_unknown_size_and_a_name_that_is_no_label_are_left_out_and_named() -> None:
    labels = {"role": "web", "Cost Center": "7", "rack": "a1"}
    fields, reasons = read("hcloud_server", server_type="ccx63", labels=labels)
    assert fields == {"node_type": "web", "labels": {"rack": "a1"}}
    assert reasons == [
        "its size 'ccx63' is no spec that is known",
        "its label 'Cost Center' is no RFC 1123 label",
    ]


@pytest.mark.parametrize(
    ("attributes", "is_tainted", "kinds"),
    [
        ({"labels": {"role": "web"}, **ADDRESS}, False, []),
        ({"labels": {}, **ADDRESS}, False, ["server"]),
        ({"labels": {}}, True, ["server"]),
        (
            {"labels": {"role": "web", "A": "b"}, "server_type": "x", **ADDRESS},
            False,
            ["field"] * 2,
        ),
        ({"labels": {"role": "web"}}, False, ["warning"]),
        ({"labels": {"role": "web"}, "network": [{"ip": "10.0.0.1"}]}, False, []),
        ({"labels": {"role": "web"}, "ipv6_address": "2001:db8::1"}, False, []),
        ({"labels": {"role": "web"}, **ADDRESS}, True, ["warning"]),
        ({"labels": {"role": "web"}}, True, ["warning"] * 2),
    ],
)
def test_a_node_that_is_mapped_is_not_counted_as_a_server_that_is_none(
    attributes: dict[str, Any], *, is_tainted: bool, kinds: list[str]
) -> None:
    fields, skipped = read_all("hcloud_server", attributes, is_tainted=is_tainted)
    assert (fields is None) is (kinds == ["server"])
    assert [skip.kind for skip in skipped] == kinds


@pytest.mark.parametrize(
    ("tags", "tags_all", "project"),
    [
        ({"role": "web"}, {"role": "web", "project": "shop"}, "shop"),
        ({"role": "web", "project": "own"}, {"project": "shop"}, "own"),
        (None, {"role": "web", "project": "shop"}, "shop"),
        ({"role": "web", "project": "own"}, None, "own"),
        ({"role": "web"}, {"project": ""}, None),
    ],
)
def test_tags_of_the_provider_are_tags_of_the_instance(
    tags: dict[str, str] | None, tags_all: dict[str, str] | None, project: str | None
) -> None:
    fields, _ = read("aws_instance", tags=tags, tags_all=tags_all)
    assert fields is not None
    assert (fields["node_type"], fields.get("project")) == ("web", project)


@pytest.mark.parametrize(
    ("attributes", "address"),
    [
        ({"public_ip": "192.0.2.1", "ipv6_addresses": ["2001:db8::1"]}, "192.0.2.1"),
        ({"public_ip": "", "ipv6_addresses": ["2001:db8::1", "2001:db8::2"]}, "2001:db8::1"),
        ({"public_ip": "", "ipv6_addresses": []}, None),
        ({"ipv6_addresses": None}, None),
    ],
)
def test_an_instance_without_a_public_ipv4_has_its_first_ipv6_address(
    attributes: dict[str, Any], address: str | None
) -> None:
    fields, _ = read("aws_instance", tags={"role": "web"}, **attributes)
    assert fields is not None
    assert fields.get("external_ip") == address
