# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kernel settings, in a folder like /proc/sys."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.quartermaster.fleet.plugins.module_utils._host.kernel_settings import (
    KernelSettings,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._module import Failure

VALUES = {
    "kernel/dmesg_restrict": "0\n",
    "net/ipv4/tcp_rmem": "4096\t131072\t6291456\n",
    "net/ipv4/conf/eth0.5/rp_filter": "1\n",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for path, value in VALUES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(value)
    return tmp_path


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("kernel.dmesg_restrict", 0),
        ("kernel/dmesg_restrict", "0"),
        ("net.ipv4.tcp_rmem", "4096 131072  6291456"),
        ("net.ipv4.conf.eth0/5.rp_filter", 1),
    ],
)
def test_a_setting_in_force_is_no_drift(root: Path, key: str, value: object) -> None:
    assert KernelSettings({key: value}, root).find_drift() == {}


def test_a_setting_that_differs_is_set(root: Path) -> None:
    settings = KernelSettings({"kernel.dmesg_restrict": 1, "net.ipv4.tcp_rmem": "1 2 3"}, root)

    drift = settings.find_drift()
    for key in drift:
        settings.set(key)

    assert drift == {
        "kernel.dmesg_restrict": ("0", "1"),
        "net.ipv4.tcp_rmem": ("4096 131072 6291456", "1 2 3"),
    }
    assert (root / "kernel/dmesg_restrict").read_text() == "1\n"
    assert settings.find_drift() == {}


@pytest.mark.parametrize(
    "key", ["kernel.missing", "kernel", "../kernel.x", "net/../kernel.x", "net..x", "", "a b.c"]
)
def test_a_setting_that_the_kernel_has_not_is_refused(root: Path, key: str) -> None:
    with pytest.raises(Failure, match="nothing was changed") as raised:
        KernelSettings({key: 1}, root).find_drift()

    assert raised.value.code == "refused"


def test_a_value_that_the_kernel_does_not_take_is_named(root: Path) -> None:
    settings = KernelSettings({"kernel.dmesg_restrict": "many"}, root)
    (root / "kernel/dmesg_restrict").unlink()
    (root / "kernel/dmesg_restrict").mkdir()

    with pytest.raises(Failure, match=r"does not take kernel.dmesg_restrict = many \("):
        settings.set("kernel.dmesg_restrict")
