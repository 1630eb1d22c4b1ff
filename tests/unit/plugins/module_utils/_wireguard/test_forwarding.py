# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Packets are passed on in the kernel and after a boot, for the IP versions of the interface."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.quartermaster.fleet.plugins.module_utils._module import Failure
from ansible_collections.quartermaster.fleet.plugins.module_utils._wireguard import forwarding

if t.TYPE_CHECKING:
    from pathlib import Path

IPV4, IPV6 = "net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding"


class Kernel:
    """The settings of a kernel, and the folder of those for the next boot."""

    def __init__(self, folder: Path) -> None:
        self.root, self.boot = folder / "sys", folder / "sysctl.d"
        self.boot.mkdir()
        for name in (IPV4, IPV6):
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            (self.root / name).write_text("0\n")

    def read(self) -> tuple[str, str]:
        return (self.root / IPV4).read_text().strip(), (self.root / IPV6).read_text().strip()


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kernel:
    kernel = Kernel(tmp_path)
    monkeypatch.setattr(forwarding, "PROC_SYS", kernel.root)
    monkeypatch.setattr(forwarding, "FOLDER", kernel.boot)
    return kernel


def change(*addresses: str) -> list[str]:
    """Make what has to change; return the sentences."""
    changes = forwarding.find_changes("wg0", addresses)
    for _note, act in changes:
        act()
    return [note for note, _act in changes]


@pytest.mark.parametrize(
    ("addresses", "values", "text"),
    [
        (["10.8.0.1/24"], ("1", "0"), "net.ipv4.ip_forward=1\n"),
        (["fd00::1/64"], ("0", "1"), "net.ipv6.conf.all.forwarding=1\n"),
        (
            ["fd00::1/64", "10.8.0.1/24"],
            ("1", "1"),
            "net.ipv4.ip_forward=1\nnet.ipv6.conf.all.forwarding=1\n",
        ),
    ],
)
def test_packets_are_passed_on_now_and_after_a_boot(
    kernel: Kernel, addresses: list[str], values: tuple[str, str], text: str
) -> None:
    assert change(*addresses)
    assert kernel.read() == values
    assert (kernel.boot / "60-wg0.conf").read_text() == text
    assert change(*addresses) == []


def test_each_change_is_a_sentence(kernel: Kernel) -> None:
    assert change("10.8.0.1/24") == [
        "sysctl net.ipv4.ip_forward: 0 → 1",
        f"{kernel.boot}/60-wg0.conf: written (missing)",
    ]


def test_what_cannot_be_is_refused_before_anything_changes(kernel: Kernel) -> None:
    (kernel.boot / "60-wg0.conf").mkdir()

    with pytest.raises(Failure, match="no regular file"):
        change("10.8.0.1/24")
    assert kernel.read() == ("0", "0")
