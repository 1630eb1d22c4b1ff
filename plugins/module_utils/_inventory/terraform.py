# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A file that Terraform wrote, pruned to what the service reads of it.

What its parts mean, and whether it is of use, the service decides. Here only what nobody asks for
is taken out, so that no secret of a state is sent anywhere. The service's own command line does the
same (inventory_service/imports/domain/terraform_files.py), and a contract test compares the two.
"""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

from .._service.connection import ClientError

OUTPUTS = ("quartermaster_nodes", "nodes")
"""Outputs that state nodes."""
ATTRIBUTES = {
    "hcloud_server": (
        "name",
        "server_type",
        "location",
        "image",
        "ipv4_address",
        "ipv6_address",
        "network",
        "labels",
    ),
    "digitalocean_droplet": (
        "name",
        "size",
        "region",
        "image",
        "ipv4_address",
        "ipv4_address_private",
        "ipv6_address",
        "tags",
    ),
    "aws_instance": (
        "instance_type",
        "availability_zone",
        "ami",
        "private_ip",
        "public_ip",
        "ipv6_addresses",
        "tags",
        "tags_all",
    ),
}
"""Kinds of server, and the attributes of each that the service reads."""
TAINTED = "tainted"
PLACE = ("mode", "module", "type", "name")


def read_terraform(path: str) -> str:
    """Return what the service reads of a file, as JSON.

    :raises ClientError: if the file cannot be read, or is not JSON.
    """
    step = "Make it with `terraform output -json` or `terraform state pull`."
    try:
        document = json.loads(Path(path).expanduser().read_text(encoding="utf-8-sig"))
    except OSError as error:
        reason = error.strerror or error
        raise ClientError(f"{path}: the Terraform file cannot be read: {reason}. {step}") from error
    except (ValueError, RecursionError) as error:
        # The error's own words may repeat the file, and the file may hold secrets.
        raise ClientError(f"{path}: the Terraform file is not JSON in UTF-8. {step}") from error
    return json.dumps(prune(document), sort_keys=True, separators=(",", ":"))


def prune(document: t.Any) -> t.Any:
    """Return the parts of a file that the service reads; of another kind of file, its names."""
    if not isinstance(document, dict):
        return [] if isinstance(document, list) else None
    if "version" in document and isinstance(document.get("resources"), list):
        return {
            "version": document["version"] if isinstance(document["version"], int) else None,
            "outputs": _prune_outputs(document.get("outputs")),
            "resources": [_prune_resource(one) for one in document["resources"] if _is_server(one)],
        }
    if all(
        isinstance(held, dict) and {"value", "sensitive"} <= held.keys()
        for held in document.values()
    ):
        return _prune_outputs(document)
    return dict.fromkeys(document)


def _prune_outputs(outputs: t.Any) -> dict[str, t.Any]:
    pruned = {}
    for name, held in outputs.items() if isinstance(outputs, dict) else ():
        is_sensitive = bool(held.get("sensitive")) if isinstance(held, dict) else True
        value = held.get("value") if name in OUTPUTS and not is_sensitive else None
        pruned[name] = {"sensitive": is_sensitive, "value": value}
    return pruned


def _is_server(resource: t.Any) -> bool:
    return (
        isinstance(resource, dict)
        and resource.get("mode") == "managed"
        and resource.get("type") in list(ATTRIBUTES)  # not hashed: it may be any JSON
        and isinstance(resource.get("instances"), list)
    )


def _prune_resource(resource: dict[str, t.Any]) -> dict[str, t.Any]:
    instances = []
    for instance in resource["instances"]:
        if not isinstance(instance, dict) or "deposed" in instance:
            continue
        held = _attributes_of(instance)
        kept = {name: held[name] for name in ATTRIBUTES[resource["type"]] if name in held}
        key = {"index_key": instance["index_key"]} if "index_key" in instance else {}
        status = {"status": TAINTED} if instance.get("status") == TAINTED else {}
        instances.append({**key, **status, "attributes": kept})
    return {**{name: resource[name] for name in PLACE if name in resource}, "instances": instances}


def _attributes_of(instance: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return the attributes that Terraform does not mark as sensitive, in whole or in part."""
    attributes = instance.get("attributes")
    sensitive = instance.get("sensitive_attributes") or []
    if not isinstance(attributes, dict) or not isinstance(sensitive, list):
        return {}
    hidden = [
        path[0].get("value")
        for path in sensitive
        if isinstance(path, list) and path and isinstance(path[0], dict)
    ]
    return {name: held for name, held in attributes.items() if name not in hidden}
