# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who came in by SSH."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.quartermaster.fleet.plugins.module_utils._host.ssh_connection import (
    find_connection,
    parse_connection,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("192.0.2.1 4711 192.0.2.2 22", ("192.0.2.1", "192.0.2.2", 22)),
        ("::ffff:192.0.2.1 4711 ::ffff:192.0.2.2 22", ("192.0.2.1", "192.0.2.2", 22)),
        ("fe80::1%eth0 4711 fe80::2%eth0 2222", ("fe80::1", "fe80::2", 2222)),
        ("UNKNOWN 65535 UNKNOWN 65535", None),
        ("192.0.2.1 4711 UNKNOWN 22", None),
        ("UNKNOWN 4711 192.0.2.2 22", None),
        ("192.0.2.1 4711 192.0.2.2 ssh", None),
        ("192.0.2.1 4711 192.0.2.2 22 more", None),
        ("192.0.2.1 4711", None),
        ("", None),
        (None, None),
    ],
)
def test_a_connection_is_read_as_sshd_writes_it(
    text: str | None, expected: tuple[str, str, int] | None
) -> None:
    assert parse_connection(text) == expected


def test_the_own_environment_comes_first() -> None:
    assert find_connection({"SSH_CONNECTION": "a 1 b 2"}, 1) == "a 1 b 2"


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs Linux")
def test_a_connection_is_found_behind_a_sudo_that_hides_it() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", "print(flush=True); input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"SSH_CONNECTION": "192.0.2.1 4711 192.0.2.2 22"},
    ) as parent:
        assert parent.stdout is not None
        parent.stdout.readline()
        found = find_connection({}, parent.pid)
        parent.communicate(b"\n")

    assert found == "192.0.2.1 4711 192.0.2.2 22"


def test_without_any_connection_there_is_none() -> None:
    assert find_connection({}, 1) is None
