# SPDX-License-Identifier: Apache-2.0
"""Synthetic fleets of any size: about 16 variables a host, 20 clusters, 5 regions, 3 types."""

import base64
import hashlib
import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from inventory_service.fleet.domain.nodes import NodeRegistration
from inventory_service.http.responses import to_json
from inventory_service.inventory.chunks import Host, make_chunks
from inventory_service.inventory.documents import DocumentSpec, make_document
from inventory_service.inventory.domain import COLUMNS, list_groups
from inventory_service.inventory.formats import AnsibleFormat, ColumnsFormat, InventoryFormat

_CLUSTERS = 20
KEY = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="


def make_key(number: int) -> str:
    """Return a WireGuard key of its own for each number."""
    return base64.b64encode(hashlib.sha256(str(number).encode()).digest()).decode()


def make_rows(size: int) -> list[list[Any]]:
    """Return the rows of a fleet as the service holds them."""
    return [_make_row(number) for number in range(size)]


def _make_row(number: int) -> list[Any]:
    address = f"{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    kind = ("control", "data", "media")[number % 3]
    facts: dict[str, Any] = {
        "node_id": f"node-{number:06d}",
        "ansible_host": f"10.{address}",
        "node_type": kind,
        "cluster_id": f"cluster-{number % _CLUSTERS}",
        "region": f"region-{number % 5}",
        "env": ("prod", "uat")[number % 2],
        "project": f"project-{number % 10}",
        "state": "active",
        "internal_ip": f"10.{address}",
        "external_ip": None,
        "wireguard_ip": f"100.{address}",
        "wireguard_public_key": KEY,
        "mesh_prefix": "100.0.0.0/8",
        "mesh_port": 51820,
        "provider": "docker",
        "provider_id": f"{number:012x}",
        "spec": "s-2vcpu-4gb",
        "node_services": None,
        "labels": {"rack": f"r{number % 50}"},
        "vars": {"rack_unit": number % 42},
    }
    return [facts[name] for name in COLUMNS]


def list_clusters() -> Iterator[dict[str, Any]]:
    """Yield what registers the clusters of a fleet, each with room for 65,000 nodes."""
    for number in range(_CLUSTERS):
        yield {"cluster_id": f"cluster-{number}", "mesh_prefix": f"10.{64 + number}.0.0/16"}


def list_registrations(size: int) -> list[dict[str, Any]]:
    """Return what registers a fleet with the service, which chooses the meshes' addresses."""
    own = set(NodeRegistration.model_fields) - {"wireguard_ip", "project"}
    places = {name: place for place, name in enumerate(COLUMNS) if name in own}
    return [
        {name: row[place] for name, place in places.items()}
        | {"wireguard_public_key": make_key(number)}
        for number, row in enumerate(make_rows(size))
    ]


def write_document(form: InventoryFormat, size: int) -> bytes:
    """Return the fleet as the service writes it."""
    sections = make_chunks(
        Host(row[0], list_groups(row), (form.encode_host(row),)) for row in make_rows(size)
    )
    document = make_document(DocumentSpec(form, 0, lambda _groups: True), 1, sections, None)
    return b"".join(document.read())


def write_source(kind: str, folder: Path, size: int) -> Path:
    """Write the fleet as one of KINDS; return the file to hand to Ansible."""
    name = f"{kind.replace(' ', '-').replace(',', '')}-{size}"
    return KINDS[kind](folder / name, json.loads(write_document(AnsibleFormat(to_json), size)))


def _write_yaml(path: Path, document: dict[str, Any]) -> Path:
    hosts = document["_meta"]["hostvars"]
    groups = {
        name: {"hosts": dict.fromkeys(group["hosts"])}
        for name, group in document.items()
        if "hosts" in group
    }
    path = path.with_suffix(".yml")
    # Block style, as people write it: what is JSON, Ansible's loader reads much faster.
    with path.open("w") as file:
        yaml.dump({"all": {"hosts": _plain(hosts), "children": groups}}, file, yaml.CSafeDumper)
    return path


def _write_ini(path: Path, document: dict[str, Any]) -> Path:
    lines = []
    for name, variables in _plain(document["_meta"]["hostvars"]).items():
        pairs = (f"{key}='{value}'" for key, value in variables.items() if key != "labels")
        lines.append(" ".join([name, *pairs]))
    for name, group in document.items():
        if "hosts" in group:
            lines += [f"[{name}]", *group["hosts"]]
    path = path.with_suffix(".ini")
    path.write_text("\n".join(lines) + "\n")
    return path


def _write_script(path: Path, document: dict[str, Any]) -> Path:
    path.with_suffix(".json").write_text(json.dumps(document))
    path.write_text(f"#!/bin/sh\nexec cat {path}.json\n")
    path.chmod(0o700)
    return path


KINDS = {
    "static YAML": _write_yaml,
    "static INI": _write_ini,
    "script, ready JSON": _write_script,
}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        if "__ansible_unsafe" in value:
            return value["__ansible_unsafe"]
        return {key: _plain(inner) for key, inner in value.items()}
    return value


@contextmanager
def serving(size: int) -> Iterator[str]:
    """Serve a fleet as the service does, from bytes with an ETag; yield the address."""
    body = write_document(ColumnsFormat(to_json), size)
    etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            """Keep quiet."""

        def do_GET(self) -> None:
            """Answer with the fleet, or that it has not changed."""
            is_known = self.headers.get("If-None-Match") == etag
            self.send_response(304 if is_known else 200)
            self.send_header("ETag", etag)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", "0" if is_known else str(len(body)))
            self.end_headers()
            if not is_known:
                self.wfile.write(body)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
