# SPDX-License-Identifier: Apache-2.0
"""Nodes and services in the words of droplets, and the files beside them."""

import os
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from inventory_service.client.catalog import Record
from inventory_service.client.errors import InvalidName


def write_file(path: Path, text: str) -> None:
    """Replace a file as a whole, so that whoever reads it sees the old or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.new")
    draft.write_text(text, "utf-8")
    draft.replace(path)


def is_live(entry: Record) -> bool:
    """Return whether an entry is not retired."""
    return entry["retired_at"] is None


def to_address(ip: str) -> dict[str, str]:
    """Return the field of a node that holds the address.

    :raises InvalidName: it is no IP address.
    """
    try:
        is_private = ip_address(ip).is_private
    except ValueError as error:
        step = "give the address of the server, like 10.0.0.1"
        raise InvalidName(f"{ip!r} is no IP address", next_step=step) from error
    return {"internal_ip" if is_private else "external_ip": ip}


def to_droplet(node: Record) -> dict[str, Any]:
    """Return a node in the words of droplets."""
    return {
        "ip": node["internal_ip"] or node["external_ip"],
        "size": node["provisioned_spec"] or node["spec"],
        "region": node["region"],
        "role": node["node_type"],
        "state": node["state"],
    }


def runs_on(service: Record, node: Record) -> bool:
    """Return whether a service runs on a node: it names it, or its type where both belong."""
    is_near = all(service[name] == node[name] for name in ("project", "environment"))
    is_chosen = node["node_type"] in service["node_types"] and is_near
    return is_chosen or node["node_id"] in service["nodes"]


def count_words(words: Sequence[str]) -> dict[str, int]:
    """Return how often each word is there."""
    return {word: words.count(word) for word in sorted(set(words))}
