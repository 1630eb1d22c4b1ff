# SPDX-License-Identifier: Apache-2.0
"""Nodes and services in the words of droplets."""

from pathlib import Path
from typing import Any

import pytest

from inventory_service.client import InvalidName
from inventory_service.client.droplets import (
    count_words,
    is_live,
    runs_on,
    to_address,
    to_droplet,
    write_file,
)

NODE = {
    "node_id": "web-1",
    "node_type": "web",
    "project": "shop",
    "environment": "prod",
    "internal_ip": None,
    "external_ip": "203.0.113.7",
    "spec": "s-2",
    "provisioned_spec": None,
    "region": "lon1",
    "state": "active",
}


@pytest.mark.parametrize(
    ("ip", "field"),
    [
        ("192.168.1.10", "internal_ip"),
        ("10.0.0.1", "internal_ip"),
        ("fd00::1", "internal_ip"),
        ("8.8.8.8", "external_ip"),
        ("2a01:4f8::1", "external_ip"),
    ],
)
def test_an_address_is_internal_if_it_is_private(ip: str, field: str) -> None:
    assert to_address(ip) == {field: ip}


@pytest.mark.parametrize("ip", ["", "10.0.0", "web-1", "10.0.0.1/24"])
def test_what_is_no_address_is_named(ip: str) -> None:
    with pytest.raises(InvalidName, match="is no IP address"):
        to_address(ip)


def test_a_droplet_has_the_size_and_address_that_it_has() -> None:
    expected = {
        "ip": "203.0.113.7",
        "size": "s-2",
        "region": "lon1",
        "role": "web",
        "state": "active",
    }
    assert to_droplet(NODE) == expected
    moved = to_droplet(NODE | {"internal_ip": "10.0.0.1", "provisioned_spec": "s-1"})
    assert moved == expected | {"ip": "10.0.0.1", "size": "s-1"}


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        ({"nodes": ["web-1"], "node_types": []}, True),
        ({"nodes": ["web-2"], "node_types": []}, False),
        ({"nodes": [], "node_types": ["web"]}, True),
        ({"nodes": [], "node_types": ["master"]}, False),
        ({"nodes": [], "node_types": ["web"], "project": "blog"}, False),
        ({"nodes": [], "node_types": ["web"], "environment": "uat"}, False),
        ({"nodes": ["web-1"], "node_types": [], "project": "blog"}, True),
    ],
)
def test_a_service_runs_where_it_names_a_node_or_its_type(
    service: dict[str, Any], *, expected: bool
) -> None:
    assert runs_on({"project": "shop", "environment": "prod"} | service, NODE) == expected


def test_words_are_counted_by_name() -> None:
    assert list(count_words(["b", "a", "b"]).items()) == [("a", 1), ("b", 2)]


@pytest.mark.parametrize("retired_at", [None, "2026-11-27T10:00:00Z"])
def test_a_retired_entry_is_not_live(retired_at: str | None) -> None:
    assert is_live({"retired_at": retired_at}) == (retired_at is None)


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "new/file.json"
    for text in ("one", "two"):
        write_file(path, text)
        assert path.read_text("utf-8") == text
    assert [one.name for one in path.parent.iterdir()] == ["file.json"]
