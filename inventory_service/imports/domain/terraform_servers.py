# SPDX-License-Identifier: Apache-2.0
"""Servers in a Terraform state as nodes: what the attributes of each kind of server mean.

Sources: the schemas of the Terraform providers hetznercloud/hcloud 1.50 (``hcloud_server``),
digitalocean/digitalocean 2.50 (``digitalocean_droplet``) and hashicorp/aws 5.90
(``aws_instance``).
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from inventory_service.core.field_types import check_label
from inventory_service.fleet.domain.sizes import SPECS
from inventory_service.imports.domain.skips import Skips
from inventory_service.imports.domain.terraform_files import Server

#: Labels that are fields of the node; all others stay labels.
FIELDS = {
    "role": "node_type",
    "cluster": "cluster_id",
    "environment": "environment",
    "project": "project",
}
_ZONE = re.compile(r"([a-z]+(?:-[a-z]+)+-[0-9]+)[a-z]\Z")


def read_server(server: Server, skips: Skips) -> dict[str, Any] | None:
    """Return the fields of the node that a server is; None if it has no role."""
    found = _READERS[server.kind](server.attributes)
    labels = found.pop("labels")
    if not labels.get("role"):
        word = "label" if server.kind == "hcloud_server" else "tag"
        reason = f"has no {word} 'role', which would be its node_type"
        skips.note(server.address, reason, "server")
        return None
    size = found.pop("spec")
    if isinstance(size, str) and size in SPECS:
        found["spec"] = size
    elif size:
        skips.note(server.address, f"its size {str(size)[:64]!r} is no spec that is known", "field")
    _warn(server, found, skips)
    found |= {field: labels[name] for name, field in FIELDS.items() if labels.get(name)}
    found["labels"] = _keep_labels(server, labels, skips)
    # Providers write an empty text where there is no value.
    return {name: held for name, held in found.items() if held not in ("", None)}


def _warn(server: Server, found: Mapping[str, Any], skips: Skips) -> None:
    """Note what its node will lack, or that there soon is none."""
    if server.is_tainted:
        reason = "is tainted: the next `terraform apply` destroys this server and makes another"
        skips.note(server.address, reason, "warning")
    if not (found["internal_ip"] or found["external_ip"]):
        reason = "has no address, so that Ansible would connect to it by its name"
        skips.note(server.address, reason, "warning")


def _keep_labels(server: Server, labels: Mapping[str, Any], skips: Skips) -> dict[str, Any]:
    kept = {}
    for name, held in labels.items():
        if name in FIELDS:
            continue
        try:
            kept[check_label(name)] = held
        except ValueError:
            reason = f"its label {name[:64]!r} is no RFC 1123 label"
            skips.note(server.address, reason, "field")
    return kept


def _read_hcloud(attributes: Mapping[str, Any]) -> dict[str, Any]:
    networks = attributes.get("network")
    first = networks[0] if isinstance(networks, list) and networks else None
    return {
        "node_id": attributes.get("name"),
        "spec": attributes.get("server_type"),
        "region": attributes.get("location"),
        "image": attributes.get("image"),
        "internal_ip": first.get("ip") if isinstance(first, dict) else None,
        "external_ip": attributes.get("ipv4_address") or attributes.get("ipv6_address"),
        "labels": _dict(attributes.get("labels")),
    }


def _read_droplet(attributes: Mapping[str, Any]) -> dict[str, Any]:
    tags = attributes.get("tags")
    tags = tags if isinstance(tags, list) else []
    pairs = [tag.partition(":") for tag in tags if isinstance(tag, str)]
    return {
        "node_id": attributes.get("name"),
        "spec": attributes.get("size"),
        "region": attributes.get("region"),
        "image": attributes.get("image"),
        "internal_ip": attributes.get("ipv4_address_private"),
        "external_ip": attributes.get("ipv4_address") or attributes.get("ipv6_address"),
        "labels": {name: value for name, _, value in pairs},
    }


def _read_aws(attributes: Mapping[str, Any]) -> dict[str, Any]:
    # Those of the provider, `default_tags`, are in `tags_all` alone.
    tags = _dict(attributes.get("tags_all")) | _dict(attributes.get("tags"))
    addresses = attributes.get("ipv6_addresses")
    zone = _ZONE.match(str(attributes.get("availability_zone")))
    return {
        "node_id": tags.pop("Name", None),
        "spec": attributes.get("instance_type"),
        "region": zone[1] if zone else attributes.get("availability_zone"),
        "image": attributes.get("ami"),
        "internal_ip": attributes.get("private_ip"),
        "external_ip": attributes.get("public_ip")
        or (addresses[0] if isinstance(addresses, list) and addresses else None),
        "labels": tags,
    }


def _dict(value: object) -> dict[str, Any]:
    return dict(value) if isinstance(value, dict) else {}


_READERS: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "hcloud_server": _read_hcloud,
    "digitalocean_droplet": _read_droplet,
    "aws_instance": _read_aws,
}
