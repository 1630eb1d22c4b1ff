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
RUN_MODULE = Path(__file__).with_name("run_module.py")


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
    made = subprocess.run(
        [sys.executable, str(RUN_MODULE), "server"],
        input=json.dumps(options),
        env={**os.environ, "PYTHONPATH": str(ROOT / "collections")},
        check=True,
        capture_output=True,
        text=True,
        timeout=180,
    )
    return json.loads(made.stdout)["server"]
