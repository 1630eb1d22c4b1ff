# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which keys are in a file, and which should be."""

from __future__ import annotations

import subprocess
import typing as t

import pytest
from ansible_collections.quartermaster.fleet.plugins.module_utils._access.authorized_keys import (
    describe,
    has_key,
    is_valid,
    merge,
)
from hypothesis import given
from hypothesis import strategies as st

if t.TYPE_CHECKING:
    from pathlib import Path

ADA, EVE, BOT = (f"ssh-ed25519 AAAA{letter * 60}" for letter in "abc")


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (ADA, True),
        (f"{ADA} ada@example.org", True),
        (f"ecdsa-sha2-nistp256 AAAA{'a' * 60}==", True),
        (f"sk-ssh-ed25519@openssh.com AAAA{'a' * 60}", True),
        (f'command="x" {ADA}', False),
        (f"{ADA}\n{EVE}", False),
        ("ssh-ed25519 AAAA", False),
        (f"ssh-dss AAAA{'a' * 60}", False),
        ("", False),
    ],
)
def test_a_key_is_one_line_without_options(key: str, *, expected: bool) -> None:
    assert is_valid(key) == expected


@pytest.mark.parametrize("options", ["", 'command="x" ', "cert-authority "], ids=repr)
def test_a_key_is_described_by_the_fingerprint_of_ssh_keygen(tmp_path: Path, options: str) -> None:
    file = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file], check=True)
    public = file.with_name("key.pub")
    listed = subprocess.run(
        ["ssh-keygen", "-l", "-f", public], check=True, capture_output=True, text=True
    )

    described = describe(f"{options}{public.read_text('utf-8')}")

    assert described == f"ssh-ed25519 {listed.stdout.split()[1]}"


@pytest.mark.parametrize(
    "text", ["", "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Blbn", f"ssh-rsa AAAA{'a' * 61}"], ids=len
)
def test_what_is_no_key_is_not_repeated(text: str) -> None:
    assert describe(text).startswith(f"a text of {len(text)} characters")
    assert "b3Blbn" not in describe(text)
    assert "aaaa" not in describe(text)


@pytest.mark.parametrize(
    ("text", "wanted", "only", "expected"),
    [
        ("", [ADA], False, [ADA]),
        (f"{EVE}\n", [ADA], False, [EVE, ADA]),
        (f"{EVE}\n", [ADA], True, [ADA]),
        (f"{EVE} eve\n# hers\n", [], True, ["# hers"]),
        (f"{EVE}\n", [], False, [EVE]),
        (f"{ADA} old\n{ADA} older\n{EVE}\n", [f"{ADA} new"], False, [f"{ADA} new", EVE]),
        (f'from="10.0.0.1" {ADA}\n', [ADA], False, [ADA]),
        (f'command="a b" {EVE}\n{BOT}', [ADA], False, [f'command="a b" {EVE}', BOT, ADA]),
        (f"cert-authority {EVE}\n", [ADA], True, [ADA]),
        (f"#{ADA}\n", [ADA], True, [f"#{ADA}", ADA]),
    ],
)
def test_wanted_keys_are_there_once_and_others_only_if_they_may(
    text: str, wanted: list[str], *, only: bool, expected: list[str]
) -> None:
    assert merge(text, wanted, only=only).splitlines() == expected


LINES = st.lists(st.sampled_from(["", "# c", ADA, f"{ADA} x", EVE, f"no-pty {EVE}", "what"]))


@given(
    lines=LINES,
    wanted=st.lists(st.sampled_from([ADA, EVE, BOT]), unique=True),
    only=st.booleans(),
)
def test_a_second_run_changes_nothing(lines: list[str], wanted: list[str], *, only: bool) -> None:
    once = merge("\n".join(lines), wanted, only=only)

    assert merge(once, wanted, only=only) == once
    assert has_key(once) or not wanted
    assert all(once.splitlines().count(key) == 1 for key in wanted)
