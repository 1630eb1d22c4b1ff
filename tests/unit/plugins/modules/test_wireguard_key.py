# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The private key of an interface, made by the module as its own process."""

from __future__ import annotations

import base64
import json
import os
import stat
import subprocess
import sys
import typing as t
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from ansible_collections.quartermaster.fleet.plugins.module_utils._wireguard.model import (
    fingerprint,
)

MODULE = "ansible_collections.quartermaster.fleet.plugins.modules.wireguard_key"
FAKE_WG = """#!{python}
import base64, hashlib, os, sys
if sys.argv[1:] == ["genkey"]:
    print(base64.b64encode(os.urandom(32)).decode())
elif sys.argv[1:] == ["pubkey"]:
    print(base64.b64encode(hashlib.sha256(sys.stdin.read().strip().encode()).digest()).decode())
else:
    sys.exit("unexpected words: " + " ".join(sys.argv[1:]))
"""

Result = dict[str, t.Any]


class Module:
    """The module on this machine, with a fake wg."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "wireguard" / "wg0.key"
        self.bin = folder / "bin"
        self.bin.mkdir()
        self.wg = self.bin / "wg"
        self.wg.write_text(FAKE_WG.format(python=sys.executable))
        self.wg.chmod(0o755)
        self.output = ""

    def run(self, *, path: Path | str | None = None, check: bool = False) -> Result:
        options = {"path": str(path or self.path), "_ansible_check_mode": check}
        done = subprocess.run(
            [sys.executable, "-m", MODULE],
            input=json.dumps({"ANSIBLE_MODULE_ARGS": {**options, "_ansible_diff": True}}),
            env={
                "PATH": str(self.bin),
                "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        self.output += done.stdout + done.stderr
        assert done.stdout, done.stderr
        return t.cast("Result", json.loads(done.stdout.strip().splitlines()[-1]))


@pytest.fixture
def module(tmp_path: Path) -> t.Iterator[Module]:
    module = Module(tmp_path)
    yield module
    if module.path.is_file() and module.path.stat().st_size > 40:
        assert module.path.read_text().strip() not in module.output


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_key_is_made_once(module: Module) -> None:
    first, content = module.run(), module.path.read_text()

    second = module.run()

    assert first["changed"]
    assert not second["changed"]
    assert second["public_key"] == first["public_key"]
    assert module.path.read_text() == content
    assert len(base64.b64decode(content)) == 32


def test_the_diff_shows_mode_and_fingerprint_and_no_key(module: Module) -> None:
    made = module.run()
    module.path.chmod(0o644)
    repaired, again = module.run(), module.run()

    shown = f"mode 0600\npublic key {fingerprint(made['public_key'])}\n"
    assert (made["diff"]["before"], made["diff"]["after"]) == ("", shown)
    assert (repaired["diff"]["before"], repaired["diff"]["after"]) == ("mode 0644\n", shown)
    assert made["public_key"] not in str(made["diff"])
    assert "diff" not in again


def test_the_key_is_its_owners_alone(module: Module) -> None:
    module.run()

    assert mode(module.path) == 0o600
    assert mode(module.path.parent) == 0o700
    assert [file.name for file in module.path.parent.iterdir()] == ["wg0.key"]


def test_a_preview_on_a_fresh_host_makes_nothing_and_needs_no_tools(module: Module) -> None:
    module.wg.unlink()

    result = module.run(check=True)

    assert result["changed"]
    assert result["public_key"] is None
    assert not module.path.parent.exists()


def test_a_preview_with_a_key_tells_its_public_half(module: Module) -> None:
    made = module.run()

    preview = module.run(check=True)

    assert not preview["changed"]
    assert preview["public_key"] == made["public_key"]


def test_missing_tools_are_named_with_their_package(module: Module) -> None:
    module.wg.unlink()

    result = module.run()

    assert result["code"] == "tool_missing"
    assert "wireguard-tools" in result["msg"]
    assert not module.path.parent.exists()


def test_a_key_that_others_can_read_is_protected_and_told(module: Module) -> None:
    made = module.run()
    module.path.chmod(0o644)

    preview = module.run(check=True)
    result = module.run()

    assert preview["changed"]
    assert preview["repaired"] == result["repaired"] == ["mode 0644 → 0600"]
    assert result["public_key"] == made["public_key"]
    assert "make a new key" in json.dumps(result["warnings"])
    assert mode(module.path) == 0o600
    assert not module.run()["changed"]


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize("content", ["", "\n", "short", "A" * 43 + "=", "x" * 44, "\0" * 44])
def test_a_broken_key_is_refused_and_never_replaced(
    module: Module, content: str, *, check: bool
) -> None:
    module.path.parent.mkdir(mode=0o700)
    module.path.write_text(content)

    result = module.run(check=check)

    assert result["failed"]
    assert result["code"] == "invalid_key"
    assert str(module.path) in result["msg"]
    assert f"mv {module.path}" in result["msg"]
    assert module.path.read_text() == content


def test_a_link_a_folder_and_a_huge_file_are_refused(module: Module) -> None:
    module.run()
    folder = module.path.parent
    folder.joinpath("link").symlink_to(module.path)
    folder.joinpath("folder").mkdir()
    folder.joinpath("huge").write_bytes(b"x" * 5000)

    codes = [module.run(path=folder / name)["code"] for name in ("link", "folder", "huge")]

    assert codes == ["unsafe_file"] * 3


def test_a_folder_that_others_can_change_is_refused_and_not_changed(module: Module) -> None:
    module.path.parent.mkdir()
    module.path.parent.chmod(0o777)

    result = module.run()

    assert result["code"] == "unsafe_file"
    assert mode(module.path.parent) == 0o777
    assert list(module.path.parent.iterdir()) == []


def test_a_path_that_is_not_absolute_is_refused(module: Module) -> None:
    assert module.run(path="wg0.key")["code"] == "unsafe_file"


def test_what_a_killed_run_left_is_no_key(module: Module) -> None:
    module.path.parent.mkdir(mode=0o700)
    module.path.parent.joinpath(".wg0.key.new").write_text("half")

    result = module.run()

    assert result["changed"]
    assert [file.name for file in module.path.parent.iterdir()] == ["wg0.key"]


def test_many_runs_at_once_make_one_key(module: Module) -> None:
    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(lambda _: module.run(), range(6)))

    assert len({result["public_key"] for result in results}) == 1


def test_a_wg_that_fails_leaves_no_file(module: Module) -> None:
    module.wg.write_text("#!/bin/sh\necho broken >&2\nexit 3\n")

    result = module.run()

    assert result["code"] == "command_failed"
    assert "broken" in result["msg"]
    assert not module.path.exists()
