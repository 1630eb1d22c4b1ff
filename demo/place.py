# SPDX-License-Identifier: Apache-2.0
"""Where the demo keeps its things, and the settings with which its programs run."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / ".demo"
BIN = ROOT / ".venv" / "bin"
URL = "http://127.0.0.1:9008"
BIND = "127.0.0.1:9008"
CLUSTER = "main"
MESH_PREFIX = "10.90.0.0/24"
DATABASE = FOLDER / "fleet.sqlite"
KEY = FOLDER / "id_ed25519"
SERVICE_LOG = FOLDER / "service.log"
RUN_LOG = FOLDER / "ansible.log"
OVERLAY = FOLDER / "overlay"
ENV_FILE = FOLDER / "env"


class Stopped(Exception):
    """The demo can't go on; the text says why, and what to do."""


@dataclass(frozen=True)
class Hosts:
    """Where the demo's hosts are made."""

    docker_host: str
    network: str
    image: str


def get_environment(docker_host: str | None = None) -> dict[str, str]:
    """Return the variables that make the demo's programs use the demo's things, and no others."""
    inventory = ROOT / "inventory" / "local" / "fleet.quartermaster.yml"
    variables = {
        "QM_DATABASE_URL": f"sqlite:///{DATABASE}",
        "QM_CONFIG": str(FOLDER / "config.ini"),
        "QM_CACHE_DIR": str(FOLDER / "cache"),
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_INVENTORY": f"{inventory},{OVERLAY / 'hosts.yml'}",
        "ANSIBLE_PRIVATE_KEY_FILE": str(KEY),
        "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(FOLDER / "cache" / "facts"),
    }
    return variables | ({"DOCKER_HOST": docker_host} if docker_host else {})


def get_run_settings() -> dict[str, str]:
    """Return the settings of a service whose runs are the demo's own playbooks and variables."""
    inventory = ROOT / "inventory" / "local"
    passed = (
        "ANSIBLE_CACHE_PLUGIN_CONNECTION",
        "ANSIBLE_PRIVATE_KEY_FILE",
        "DOCKER_HOST",
        "QM_CACHE_DIR",
    )
    return {
        "QM_ANONYMOUS_READ": "true",
        "QM_PLAYBOOKS_DIR": str(ROOT),
        "QM_RUN_DIR": str(FOLDER / "runs"),
        "QM_RUN_INVENTORY_DIRS": f"{inventory}:{OVERLAY}",
        "QM_RUN_ENVIRONMENT": ",".join(passed),
    }


def get_process_environment(docker_host: str | None = None) -> dict[str, str]:
    """Return the same for a child process, without any QM_ setting of the person's own."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("QM_")}
    path = f"{BIN}:{own.get('PATH', '')}"
    return own | get_environment(docker_host) | {"PATH": path, "PYTHONUNBUFFERED": "1"}


def write_overlay(hosts: Hosts) -> None:
    """Write the variables that the inventory does not know: image, network, and who may log in."""
    variables = {
        "provision_image": hosts.image,
        "provision_docker_host": hosts.docker_host,
        "provision_docker_network": hosts.network,
        "provision_ssh_public_keys": [KEY.with_suffix(".pub").read_text("utf-8").strip()],
    }
    (OVERLAY / "group_vars").mkdir(parents=True, exist_ok=True)
    (OVERLAY / "hosts.yml").write_text("---\nall: {}\n", "utf-8")
    # JSON is YAML, and quotes whatever a path may hold.
    (OVERLAY / "group_vars" / "all.yml").write_text(json.dumps(variables, indent=2) + "\n", "utf-8")
    lines = [
        f"export {name}='{value}'" for name, value in get_environment(hosts.docker_host).items()
    ]
    ENV_FILE.write_text("\n".join([*lines, f"export PATH='{BIN}':\"$PATH\"", ""]), "utf-8")
