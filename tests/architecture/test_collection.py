# SPDX-License-Identifier: Apache-2.0
"""ansible-test's false green, "All targets skipped" with exit code 0, is a failure with us."""

import subprocess
from pathlib import Path

import pytest

from tests.architecture import collection

LINKED = collection.ROOT / "collections/ansible_collections/quartermaster/fleet"


@pytest.mark.skipif(not LINKED.is_dir(), reason="`make link` was not run")
def test_a_run_that_skips_every_file_is_no_success(capsys: pytest.CaptureFixture[str]) -> None:
    plain = collection.ansible_test_command(["sanity", "--test", "shebang"], LINKED)
    assert plain.returncode == 0, "ansible-test has learnt to fail: simplify collection.py"
    assert not collection._is_sane("shebang", LINKED)
    assert "FAILED   shebang" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("output", "errors", "code", "expected"),
    [
        ("=== 227 passed in 3.81s ===", "", 0, True),
        ("=== 227 passed in 3.81s ===", "", 1, False),
        ("", "WARNING: All targets skipped.", 0, False),
        ("=== no tests ran in 0.01s ===", "", 0, False),
        ("=== 3 skipped in 0.01s ===", "", 0, False),
    ],
)
def test_units_count_only_if_some_passed(
    monkeypatch: pytest.MonkeyPatch, output: str, errors: str, code: int, *, expected: bool
) -> None:
    done = subprocess.CompletedProcess(["ansible-test"], code, output, errors)
    monkeypatch.setattr(collection, "ansible_test_command", lambda _words, _folder: done)
    assert collection.run_units(Path("/nowhere")) is expected


def test_each_sanity_test_that_is_left_out_has_its_reason() -> None:
    assert all(len(reason.split()) > 5 for reason in collection.SKIPPED.values())
