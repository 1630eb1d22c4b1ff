# SPDX-License-Identifier: Apache-2.0
"""A pruned Terraform file has the same nodes as the whole one, and no secret."""

import json
from pathlib import Path
from typing import Any

import pytest

from inventory_service.core.errors import BadInput
from inventory_service.imports.domain.projects_plan import MOST_CHARACTERS
from inventory_service.imports.domain.terraform_files import prune_terraform
from inventory_service.imports.domain.terraform_nodes import read_terraform
from inventory_service.settings import Settings

CASES = sorted((Path(__file__).parents[3] / "cases" / "terraform").glob("*.json"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_pruned_file_has_the_same_nodes_and_no_secret(path: Path) -> None:
    whole = path.read_text()
    pruned = json.dumps(prune_terraform(json.loads(whole)))
    assert "SECRET" in whole
    assert "SECRET" not in pruned
    assert read_terraform(pruned) == read_terraform(whole)


@pytest.mark.parametrize(
    "document",
    [
        [],
        ["SECRET"],
        "SECRET",
        None,
        {"nodes": ["SECRET"]},
        {"version": 3, "resources": [], "modules": ["SECRET"]},
        {"version": "SECRET", "resources": []},
        {"format_version": "1.0", "values": {"x": "SECRET"}},
        {"nodes": {"value": "SECRET", "sensitive": True}},
    ],
)
def test_a_file_that_is_refused_is_refused_for_the_same_reason(document: Any) -> None:
    pruned = prune_terraform(document)
    assert "SECRET" not in json.dumps(pruned)
    kinds = []
    for text in (json.dumps(document), json.dumps(pruned)):
        with pytest.raises(BadInput) as caught:
            read_terraform(text)
        kinds.append(caught.value.field_errors[0].field)
    assert len(set(kinds)) == 1


def test_a_state_of_ten_thousand_servers_fits_into_one_request() -> None:
    instances = [
        {
            "index_key": number,
            "attributes": {
                "name": f"frameworks-edge-{number}",
                "server_type": "s-2vcpu-4gb",
                "location": "fsn1",
                "image": "debian-12",
                "ipv4_address": f"198.18.{number // 250}.{number % 250}",
                "ipv6_address": f"2001:db8:1:2:3:4:5:{number:x}",
                "network": [{"ip": f"10.1.{number // 250}.{number % 250}", "network_id": 4711}],
                "labels": {"role": "media", "cluster": "edge", "rack": f"r{number % 40}"},
                "user_data": "SECRET" * 1000,
            },
        }
        for number in range(10_000)
    ]
    identity = {"mode": "managed", "module": "module.edge", "type": "hcloud_server", "name": "node"}
    state = {"version": 4, "outputs": {}, "resources": [{**identity, "instances": instances}]}
    content = json.dumps(prune_terraform(state), separators=(",", ":"))
    assert len(read_terraform(content).rows) == 10_000
    request = json.dumps({"format": "terraform", "content": content})
    assert len(content) < MOST_CHARACTERS
    assert len(request) < Settings.model_fields["max_body_bytes"].default
