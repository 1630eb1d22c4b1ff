# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a role learns of its host by one call."""

from __future__ import annotations

import socket
import typing as t

from ansible_collections.quartermaster.fleet.plugins.modules import host_info


def test_the_host_is_described(run_host_module: t.Callable[..., t.Any], unit_host: t.Any) -> None:
    for name, lines in {
        "systemd-detect-virt": "exit 1",
        "dpkg-query": 'printf "ii  sudo\\n"; exit 1',
    }.items():
        program = unit_host.folder / "bin" / name
        program.write_text(f"#!/bin/sh\n{lines}\n")
        program.chmod(0o755)
    unit_host.unit("a.service", load="masked", file="masked", active="inactive")

    result = run_host_module(host_info, packages=["sudo", "x"], units=["a.service"])
    host = result["host"]

    assert not result["changed"]
    assert host["name"] == socket.gethostname()
    assert host["is_container"] is False
    assert isinstance(host["is_sysctl_writable"], bool)
    assert host["installed"] == ["sudo"]
    assert host["units"] == {
        "a.service": {
            "is_found": True,
            "is_masked": True,
            "is_enabled": False,
            "is_active": False,
        }
    }
    assert set(host) == {
        "name",
        "distribution",
        "family",
        "is_container",
        "is_sysctl_writable",
        "is_dpkg_interrupted",
        "installed",
        "units",
    }
