# SPDX-License-Identifier: Apache-2.0
"""The inventory script that somebody runs since before this service works unmodified.

It stands as tests/cases/seed_004_inventory.py.txt, byte for byte as it was handed over. It asks
http://quartermaster:9008; a module that Python loads at its start leads that name, in its process
alone, to the service under test.
"""

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.contract.ansible_runs import ROOT, Ansible
from tests.contract.processes import Service, clean_environment

FIRST_SCRIPT = ROOT / "tests" / "cases" / "seed_004_inventory.py.txt"
AS_HANDED_OVER = "eb54953edadd38b3c404feebd8fa8221c904c68fc7fa4ee920a0cc96d00e69d8"
LEAD = """
import socket

_resolve = socket.getaddrinfo


def getaddrinfo(host, port, *more, **options):
    if (host, port) == ("quartermaster", 9008):
        host, port = "127.0.0.1", {port}
    return _resolve(host, port, *more, **options)


socket.getaddrinfo = getaddrinfo
"""


@pytest.fixture
def printed(service: Service, tmp_path: Path) -> dict[str, Any]:
    """Return what the script prints."""
    (tmp_path / "sitecustomize.py").write_text(LEAD.format(port=service.url.rpartition(":")[2]))
    done = subprocess.run(
        [sys.executable, FIRST_SCRIPT],
        env=clean_environment(PYTHONPATH=str(tmp_path)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def test_the_script_is_the_one_that_was_handed_over() -> None:
    assert hashlib.sha256(FIRST_SCRIPT.read_bytes()).hexdigest() == AS_HANDED_OVER


def test_the_script_prints_its_groups_and_variables(printed: dict[str, Any]) -> None:
    assert printed["all"] == {"children": ["control", "data", "media"]}
    assert printed["control"] == {"hosts": ["control-1"]}
    assert printed["data"] == {"hosts": ["data-1", "data-2"]}
    assert printed["media"] == {"hosts": ["media-1"]}
    assert printed["_meta"]["hostvars"]["data-1"] == {
        "ansible_host": "10.0.0.2",
        "cluster_id": "main",
        "region": "fsn1",
    }
    assert all(host["ansible_host"] for host in printed["_meta"]["hostvars"].values())


def test_ansible_takes_what_the_script_prints(ansible: Ansible, printed: dict[str, Any]) -> None:
    source = ansible.folder / "first.sh"
    (ansible.folder / "printed.json").write_text(json.dumps(printed))
    source.write_text(f"#!/bin/sh\ncat {ansible.folder}/printed.json\n")
    source.chmod(0o700)
    for group in ("control", "data", "media"):
        done = ansible.run("ansible", group, "-i", source, "--list-hosts")
        assert done.returncode == 0, done.stderr
        assert done.stdout.split()[2:] == printed[group]["hosts"]
