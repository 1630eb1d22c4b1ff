# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What wireguard_probe returns for each answer, and what it refuses before it pings anybody."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible.module_utils import basic
from ansible_collections.quartermaster.fleet.plugins.module_utils._module import Failure
from ansible_collections.quartermaster.fleet.plugins.module_utils._wireguard.probes import Answer
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


KEY = "HIgo9xNzJMWLKASShiTqIybxZ0U3wGLiUeJ1PKf8ykw="


@pytest.mark.parametrize(
    ("answer", "ages", "fault"),
    [
        (Answer("whole"), {KEY: 17}, None),
        (Answer("silent"), {KEY: 17}, "web-1 (10.8.0.2) gives no answer"),
        (Answer("whole"), {}, "web-1 answers, but there was no handshake with it in 180 s"),
        (Answer("whole"), {KEY: 181}, "web-1 answers, but there was no handshake with it in 180 s"),
        (
            Answer("narrow", 1340),
            {KEY: 17},
            "packets of 1420 bytes do not reach web-1, 1340 bytes are the most that does",
        ),
        (
            Answer("narrow"),
            {KEY: 17},
            "packets of 1420 bytes do not reach web-1, less than 1280 bytes is the most that does",
        ),
    ],
)
@pytest.mark.parametrize("check", [False, True])
def test_each_answer_has_its_fault_in_check_mode_too(
    monkeypatch: pytest.MonkeyPatch,
    run_host_module: t.Callable[..., t.Any],
    answer: Answer,
    ages: dict[str, int],
    fault: str | None,
    *,
    check: bool,
) -> None:
    monkeypatch.setattr(wireguard_probe.Host, "need", lambda _host, _tool: None)
    monkeypatch.setattr(wireguard_probe.Host, "read_handshakes", lambda *_: ages)
    monkeypatch.setattr(wireguard_probe, "ask", lambda *_: [answer])
    target = {**TARGET, "public_key": KEY, "zone": "app"}

    result = run_host_module(
        wireguard_probe, targets=[target], packet_size=1420, _ansible_check_mode=check
    )

    assert result == {
        "failed": False,
        "changed": False,
        "probes": [
            {
                **target,
                "answer": answer.word,
                "largest": answer.largest,
                "handshake_age": ages.get(KEY),
                "fault": fault,
            }
        ],
    }
