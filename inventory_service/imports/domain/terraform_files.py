# SPDX-License-Identifier: Apache-2.0
"""Files that Terraform writes: the kind of one, and the parts that the convention reads.

Two kinds are known: ``terraform output -json`` (Terraform 0.12 and newer), and state files of
version 4 (``terraform state pull``; Terraform, internal/states/statefile/version4.go).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from inventory_service.core.errors import BadInput, FieldError
from inventory_service.core.json_numbers import read_json

#: Outputs that declare nodes; the first that a file has is read.
OUTPUTS = ("quartermaster_nodes", "nodes")
#: Kinds of server that a state may contain, and the attributes of each that are read.
ATTRIBUTES: Mapping[str, tuple[str, ...]] = {
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
STATE_VERSION = 4
TAINTED = "tainted"
_IDENTITY = ("mode", "module", "type", "name")


@dataclass(frozen=True)
class Server:
    """A server in a state, under the address that Terraform itself gives it."""

    address: str
    kind: str
    attributes: dict[str, Any]
    is_tainted: bool = False


def read_document(content: str) -> dict[str, Any]:
    """Return the JSON object in the file, if it is one of the two kinds.

    :raises BadInput: it is not; the message names what was found.
    """
    try:
        document = read_json(content.removeprefix("\ufeff"))
    except json.JSONDecodeError as error:
        raise BadInput(
            "The file is not JSON. Make it with `terraform output -json` or `terraform state "
            "pull`.",
            field_errors=[
                FieldError("file", f"is not JSON: {error.msg}", error.lineno, error.colno)
            ],
        ) from None
    except RecursionError:
        raise _refuse("JSON that is nested too deeply") from None
    if not isinstance(document, dict):
        raise _refuse("JSON, but not an object")
    if is_state(document):
        if document["version"] != STATE_VERSION:
            raise _refuse(f"a state file of version {str(document['version'])[:20]}")
    elif {"encrypted_data", "encryption_version"} <= document.keys():
        raise BadInput(
            "The file is an encrypted state of OpenTofu. Print it decrypted, in the folder of the "
            "configuration that has the key: `tofu state pull`, or `tofu output -json`.",
            field_errors=[FieldError("file", "is an encrypted state of OpenTofu")],
        )
    elif "format_version" in document:
        raise _refuse("what `terraform show -json` prints")
    elif not _is_outputs(document):
        names = ", ".join(repr(name[:40]) for name in list(document)[:5])
        raise _refuse(f"a JSON object with {names}")
    return document


def prune_terraform(document: Any) -> Any:  # noqa: ANN401 - any JSON document
    """Return what the convention reads of a file, so that no secret in it is sent anywhere.

    Of a file of neither kind the names at its top are left, for the message. The plugins do the
    same (plugins/module_utils/_inventory/terraform.py), and a contract test compares the two.
    """
    if not isinstance(document, dict):
        return [] if isinstance(document, list) else None
    if is_state(document):
        return {
            "version": document["version"] if isinstance(document["version"], int) else None,
            "outputs": _prune_outputs(document.get("outputs")),
            "resources": [_prune_resource(one) for one in document["resources"] if _is_server(one)],
        }
    if _is_outputs(document):
        return _prune_outputs(document)
    return dict.fromkeys(document)


def is_state(document: Mapping[str, Any]) -> bool:
    """Return whether the document is a state file, of whatever version."""
    return "version" in document and isinstance(document.get("resources"), list)


def find_output(document: Mapping[str, Any]) -> tuple[str, Any] | None:
    """Return name and value of the first output that declares nodes, or None if there is none.

    The second name is a common one: beside servers, an output of that name without any object in
    it, such as a list of addresses, declares none.

    :raises BadInput: it is sensitive.
    """
    outputs = document.get("outputs") if is_state(document) else document
    for name in OUTPUTS:
        held = outputs.get(name) if isinstance(outputs, dict) else None
        if not isinstance(held, dict):
            continue
        if name == OUTPUTS[1] and is_other_output(document):
            continue
        if held.get("sensitive"):
            raise BadInput(
                f"The output '{name}' is sensitive, and so it is not read. Declare the nodes in an "
                "output without secrets.",
                field_errors=[FieldError(name, "is sensitive")],
            )
        return name, held.get("value")
    return None


def is_other_output(document: Mapping[str, Any]) -> bool:
    """Return whether a state with servers has an output `nodes` without any object in it."""
    outputs = document.get("outputs") if is_state(document) else None
    held = outputs.get(OUTPUTS[1]) if isinstance(outputs, dict) else None
    if not isinstance(held, dict) or held.get("sensitive") or not any(list_servers(document)):
        return False
    value = held.get("value")
    inner = list(value.values()) if isinstance(value, dict) else value
    if not isinstance(inner, list):
        return True
    return bool(inner) and not any(isinstance(one, dict) for one in inner)


def list_servers(document: Mapping[str, Any]) -> Iterator[Server]:
    """Yield each server in a state; a deposed one is about to be destroyed and is passed over."""
    for resource in document["resources"]:
        if not _is_server(resource):
            continue
        for instance in _instances_of(resource):
            address = _get_address(resource, instance.get("index_key"))
            is_tainted = instance.get("status") == TAINTED
            yield Server(address, resource["type"], _attributes_of(instance), is_tainted)


def _refuse(found: str) -> BadInput:
    return BadInput(
        f"The file is {found}, and neither `terraform output -json` nor a state file of version "
        f"{STATE_VERSION}. Make it with `terraform output -json` or `terraform state pull`.",
        field_errors=[FieldError("file", f"is {found}")],
    )


def _is_outputs(document: Mapping[str, Any]) -> bool:
    return all(
        isinstance(held, dict) and {"value", "sensitive"} <= held.keys()
        for held in document.values()
    )


def _is_server(resource: object) -> bool:
    return (
        isinstance(resource, dict)
        and resource.get("mode") == "managed"
        and resource.get("type") in list(ATTRIBUTES)  # not hashed: it may be any JSON
        and isinstance(resource.get("instances"), list)
    )


def _instances_of(resource: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for instance in resource["instances"]:
        if isinstance(instance, dict) and "deposed" not in instance:
            yield instance


def _attributes_of(instance: Mapping[str, Any]) -> dict[str, Any]:
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


def _get_address(resource: Mapping[str, Any], key: object) -> str:
    """Return what Terraform calls the instance, like ``module.edge.hcloud_server.node[0]``."""
    module = f"{resource['module']}." if resource.get("module") else ""
    index = "" if key is None else f"[{json.dumps(key)}]"
    return f"{module}{resource['type']}.{resource.get('name', '')}{index}"


def _prune_outputs(outputs: object) -> dict[str, Any]:
    """Return the outputs; values are kept of those that declare nodes and are not sensitive."""
    pruned = {}
    for name, held in outputs.items() if isinstance(outputs, dict) else ():
        is_sensitive = bool(held.get("sensitive")) if isinstance(held, dict) else True
        is_wanted = name in OUTPUTS and not is_sensitive
        value = held.get("value") if is_wanted else None
        pruned[name] = {"sensitive": is_sensitive, "value": value}
    return pruned


def _prune_resource(resource: Mapping[str, Any]) -> dict[str, Any]:
    instances = []
    for instance in _instances_of(resource):
        held = _attributes_of(instance)
        kept = {name: held[name] for name in ATTRIBUTES[resource["type"]] if name in held}
        key = {"index_key": instance["index_key"]} if "index_key" in instance else {}
        status = {"status": TAINTED} if instance.get("status") == TAINTED else {}
        instances.append({**key, **status, "attributes": kept})
    identity = {name: resource[name] for name in _IDENTITY if name in resource}
    return {**identity, "instances": instances}
