# SPDX-License-Identifier: Apache-2.0
"""A test host made by our own module, as a playbook makes a server."""

import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

from tests.hosts.engine import Engine

ROOT = Path(__file__).parents[2]


def make(host_engine: Engine, *, name: str, image: str, network: str, **more: t.Any) -> t.Any:
    """Return what the module ``server`` says of a host that it made; ``more`` are its options."""
    options = {
        "name": name,
        "spec": "s-1vcpu-512mb",
        "image": image,
        "owner": "tests",
        "docker_host": host_engine.docker_host,
        "docker_network": network,
        **more,
    }
    ansible = str(Path(sys.executable).with_name("ansible"))
    # An inventory of its own: that of ansible.cfg wants a service.
    here = ["localhost", "--inventory=localhost,", "--connection=local"]
    here.append(f"-eansible_python_interpreter={sys.executable}")
    made = subprocess.run(
        [ansible, *here, "-mquartermaster.fleet.server", "-a", json.dumps(options)],
        env={
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"),
            "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
        },
        check=True,
        capture_output=True,
        text=True,
        timeout=180,
    )
    return json.loads(made.stdout[made.stdout.index("{") :])["server"]
