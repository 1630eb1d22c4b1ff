# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How others answer to an attempt to connect."""

from __future__ import annotations

import errno
import json
import socket
import typing as t

import pytest
from ansible.module_utils import basic
from ansible_collections.quartermaster.fleet.plugins.module_utils._module import Failure
from ansible_collections.quartermaster.fleet.plugins.modules import firewall_probe
from ansible_collections.quartermaster.fleet.plugins.modules.firewall_probe import (
    FirewallProbe,
    _name,
    ask_all,
    read_answer,
)


def test_who_listens_is_open_and_who_does_not_is_closed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        taken = listening.getsockname()[1]
        with socket.create_server(("127.0.0.1", 0)) as gone:
            free = gone.getsockname()[1]

        answers = ask_all([("127.0.0.1", taken), ("127.0.0.1", free)], 5)

    assert answers == ["open", "closed"]


def test_an_error_of_a_firewall_is_a_refusal_and_no_answer_is_silence() -> None:
    names = {_name(code) for code in (errno.EHOSTUNREACH, errno.EACCES, errno.ENETUNREACH)}

    assert names == {"refused"}
    assert _name(errno.ETIMEDOUT) == "silent"


def test_a_socket_without_an_error_and_without_a_peer_is_not_connected() -> None:
    with socket.socket() as unconnected:
        assert unconnected.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
        assert read_answer(unconnected) == "refused"


class Woken:
    """A socket that an ICMP message woke before the kernel wrote its error."""

    def __init__(self, code: int) -> None:
        self._code = code

    def recvmsg(self, *asked: int) -> tuple[bytes, list[t.Any], int, None]:
        assert asked == (1, 0, socket.MSG_ERRQUEUE)
        return b"", [], socket.MSG_ERRQUEUE, None

    def getsockopt(self, *_asked: int) -> int:
        return self._code


@pytest.mark.parametrize("code", [0, errno.EHOSTUNREACH, errno.ECONNREFUSED])
def test_an_icmp_message_is_a_refusal_whatever_the_error_says_by_then(code: int) -> None:
    assert read_answer(t.cast("socket.socket", Woken(code))) == "refused"


def make_probe(monkeypatch: pytest.MonkeyPatch, options: dict[str, t.Any]) -> FirewallProbe:
    arguments = json.dumps({"ANSIBLE_MODULE_ARGS": options}).encode()
    # The process is patched: its arguments.
    monkeypatch.setattr(basic, "_ANSIBLE_ARGS", arguments)
    if hasattr(basic, "_ANSIBLE_PROFILE"):
        monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy")
    return FirewallProbe()


TARGET = {"address": "192.0.2.1", "port": 22}


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"targets": [{**TARGET, "port": 0}]}, "0 is no port; those of TCP are 1 to 65535"),
        ({"targets": [{**TARGET, "port": 70000}]}, "70000 is no port"),
        ({"targets": [{**TARGET, "port": "ssh"}]}, "a target has an address and a port"),
        ({"targets": [{"port": 22}]}, "a target has an address and a port"),
        # A name would be asked of DNS, without any limit of time.
        ({"targets": [{**TARGET, "address": "db-1"}]}, "a target has an address and a port"),
        ({"targets": [TARGET], "timeout": 0}, "timeout 0 is no time to answer"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, options: dict[str, t.Any], reason: str
) -> None:
    probe = make_probe(monkeypatch, options)

    with pytest.raises(Failure, match=f"nobody was asked: .*{reason}") as failure:
        probe.ask()
    assert failure.value.code == "refused"


def test_who_should_answer_and_is_silent_is_asked_once_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As the first packet through a tunnel that both ends begin at once."""
    asked: list[tuple[int, float]] = []

    def answer(targets: list[tuple[str, int]], timeout_s: float) -> list[str]:
        asked.extend((port, timeout_s) for _address, port in targets)
        return ["open" if len(asked) > len(ports) else "silent" for _target in targets]

    ports = {22: True, 80: False, 443: True, 5432: None}
    targets = [{**TARGET, "port": port, "allowed": allowed} for port, allowed in ports.items()]
    # The network is patched: who is silent first, and answers then.
    monkeypatch.setattr(firewall_probe, "ask_all", answer)
    probe = make_probe(monkeypatch, {"targets": targets, "timeout": 2})

    probe.ask()

    answers = {answered["port"]: answered["answer"] for answered in probe._prepare_result()}
    assert answers == {22: "open", 80: "silent", 443: "open", 5432: "silent"}
    assert asked == [(22, 2), (80, 2), (443, 2), (5432, 2), (22, 6), (443, 6)]
