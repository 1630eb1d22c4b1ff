# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host lacks for its interface is named by packages, or by what is wrong with its key."""

from __future__ import annotations

import base64
import typing as t

import pytest
from ansible_collections.quartermaster.fleet.plugins.module_utils._host.secret_files import (
    InsecureFile,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._wireguard.readiness import (
    find_lacking,
    find_packages,
)

if t.TYPE_CHECKING:
    from pathlib import Path

OWN = base64.b64encode(bytes(31) + b"1").decode()
PUBLIC = "the public half"


class Host:
    """A host with all programs, and a kernel with WireGuard."""

    def __init__(self, *missing: str) -> None:
        self.missing = missing
        self.hidden: list[str | None] = []

    def has(self, program: str) -> bool:
        return program not in self.missing

    def kernel_has_wireguard(self) -> bool:
        return True

    def hide(self, secret: str | None) -> None:
        self.hidden.append(secret)

    def find_public_key(self, private_key: str) -> str:
        assert private_key == OWN
        return PUBLIC


def find(host: Host, path: Path, recorded_key: str = PUBLIC) -> dict[str, t.Any]:
    return find_lacking(t.cast("t.Any", host), path, recorded_key, "auto")


def write(path: Path, text: str, mode: int = 0o600) -> Path:
    path.touch(mode)
    path.chmod(mode)
    path.write_text(text)
    return path


def test_a_host_with_the_recorded_key_lacks_nothing(tmp_path: Path) -> None:
    host = Host()

    assert find(host, write(tmp_path / "wg0.key", OWN + "\n")) == {}
    assert host.hidden == [OWN]


def test_without_programs_the_key_is_not_compared(tmp_path: Path) -> None:
    path = write(tmp_path / "wg0.key", OWN)

    assert find(Host("wg"), path) == {"packages": ["wireguard-tools"]}


@pytest.mark.parametrize("recorded_key", ["", "another public half"])
def test_a_key_that_is_not_the_recorded_one_is_found(tmp_path: Path, recorded_key: str) -> None:
    path = write(tmp_path / "wg0.key", OWN)

    assert find(Host(), path, recorded_key) == {"key": "unrecorded"}


@pytest.mark.parametrize(("text", "mode"), [(OWN, 0o644), ("short", 0o600), ("", 0o600)])
def test_a_key_that_others_could_read_or_that_is_none_is_unusable(
    tmp_path: Path, text: str, mode: int
) -> None:
    assert find(Host(), write(tmp_path / "wg0.key", text, mode)) == {"key": "unusable"}


def test_a_key_that_is_missing_or_a_link_is_found(tmp_path: Path) -> None:
    path = tmp_path / "wg0.key"
    assert find(Host(), path) == {"key": "missing"}

    path.symlink_to(write(tmp_path / "other.key", OWN))
    with pytest.raises(InsecureFile, match="link"):
        find(Host(), path)


@pytest.mark.parametrize(
    ("found", "kernel", "userspace", "lacking"),
    [
        ("ip wg wg-quick", True, "auto", []),
        ("ip wg wg-quick", False, "auto", ["wireguard-go"]),
        ("ip wg wg-quick", True, "always", ["wireguard-go"]),
        ("ip wg wg-quick", False, "never", []),
        ("ip wg wg-quick wireguard-go", False, "always", []),
        ("ip", True, "auto", ["wireguard-tools"]),
        ("", False, "auto", ["iproute2", "wireguard-go", "wireguard-tools"]),
    ],
)
def test_packages_that_an_interface_needs(
    found: str, *, kernel: bool, userspace: str, lacking: t.Sequence[str]
) -> None:
    assert find_packages(found.split().__contains__, lambda: kernel, userspace) == lacking
