# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What modules that speak to the service inherit, and that no other one brings it to a host."""

from __future__ import annotations

import subprocess
import sys
import types
import typing as t

import pytest
from ansible_collections.quartermaster.fleet.plugins.module_utils._service.module import (
    API_OPTIONS,
    ServiceModule,
)

SERVICE = "ansible_collections.quartermaster.fleet.plugins.module_utils._service"
ON_HOSTS = ("host_info", "host_access", "host_files", "wireguard_interface", "firewall_rules")


class Bell(ServiceModule):
    """A module that asks the service for a bell."""

    represent = "bell"
    options: t.ClassVar[dict[str, dict[str, t.Any]]] = {**API_OPTIONS}

    def read(self) -> None:
        self.found = self.client.json("GET", "/api/v1/bell")

    def _prepare_result(self) -> t.Any:
        return self.found


def _main() -> None:
    bell = Bell()
    bell.run(bell.read)


BELL = types.SimpleNamespace(main=_main)


def test_the_client_has_the_address_of_the_options(
    loopback: t.Any, run_module: t.Callable[..., t.Any]
) -> None:
    loopback.reply({"tone": "c"})

    assert run_module(BELL) == {"failed": False, "changed": False, "bell": {"tone": "c"}}


def test_a_refusal_fails_with_status_and_problem(
    loopback: t.Any, run_module: t.Callable[..., t.Any]
) -> None:
    loopback.reply({"title": "No bell"}, status=404)

    result = run_module(BELL)

    assert (result["failed"], result["code"]) == (True, "404")
    assert result["problem"] == {"title": "No bell"}


@pytest.mark.parametrize("name", ON_HOSTS)
def test_a_module_for_hosts_does_not_bring_the_client(name: str) -> None:
    """Ansible packs and sends all that a module imports, in each run."""
    modules = f"ansible_collections.quartermaster.fleet.plugins.modules.{name}"
    script = f"import sys, {modules}; sys.exit({SERVICE + '.client'!r} in sys.modules)"
    paths = {"PYTHONPATH": ":".join(filter(None, sys.path))}

    assert subprocess.run([sys.executable, "-c", script], env=paths, check=False).returncode == 0
