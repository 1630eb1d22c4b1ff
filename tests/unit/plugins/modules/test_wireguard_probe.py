# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What wireguard_probe refuses before it pings anybody."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible.module_utils import basic
from ansible_collections.quartermaster.fleet.plugins.module_utils._module import Failure
from ansible_collections.quartermaster.fleet.plugins.modules import wireguard_probe

TARGET = {"name": "web-1", "address": "10.8.0.2"}


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"timeout": 0}, "timeout 0"),
        ({"timeout": 3601}, "timeout 3601"),
        ({"packet_size": 1279}, "packet_size 1279"),
        ({"name": "../wg0"}, "no interface name"),
        ({"targets": [{"name": "web-1"}]}, "target web-1: address"),
    ],
)
def test_what_cannot_be_probed_is_refused(
    monkeypatch: pytest.MonkeyPatch, options: dict[str, t.Any], reason: str
) -> None:
    arguments = {"ANSIBLE_MODULE_ARGS": {"targets": [TARGET], **options}}
    # The process is patched: its arguments.
    monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps(arguments).encode())
    if hasattr(basic, "_ANSIBLE_PROFILE"):
        monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy")
    monkeypatch.setattr(wireguard_probe.Host, "need", lambda _host, _tool: None)
    monkeypatch.setattr(wireguard_probe, "ask", lambda *_: pytest.fail("somebody was pinged"))

    with pytest.raises(Failure, match=f"nobody was asked: .*{reason}") as failure:
        wireguard_probe.WireguardProbe().ask()
    assert failure.value.code == "refused"
