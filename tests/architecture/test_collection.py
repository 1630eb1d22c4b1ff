# SPDX-License-Identifier: Apache-2.0
"""ansible-test's false green, "All targets skipped" with exit code 0, is a failure with us."""

import subprocess
from pathlib import Path

import pytest

from tests.architecture import collection

LINKED = collection.ROOT / "collections/ansible_collections/quartermaster/fleet"


@pytest.mark.skipif(not LINKED.is_dir(), reason="`make link` was not run")
def test_a_run_that_skips_every_file_is_no_success() -> None:
    plain = collection.ansible_test_command(["sanity", "--test", "shebang"], LINKED)
    assert plain.returncode == 0, "ansible-test has learnt to fail: simplify collection.py"
    assert not collection.find_good(["shebang"], plain.stdout + plain.stderr, plain.returncode)


RAN = 'Running sanity test "bidi"\nRunning sanity test "import" on Python 3.11\n'
FATAL = "FATAL: The 1 sanity test(s) listed below (out of 2) failed. See error output above.\n"


@pytest.mark.parametrize(
    ("output", "code", "good"),
    [
        (RAN, 0, {"bidi", "import"}),
        (f"{RAN}{FATAL}import --python 3.11\n", 1, {"bidi"}),
        (f"{RAN}{FATAL}bidi\nimport --python 3.11\n", 1, set()),
        (f"{RAN}ERROR: no space left on device\n", 1, set()),
        ('Running sanity test "bidi"\n', 0, {"bidi"}),
        ("", 0, set()),
        (f"{RAN}WARNING: All targets skipped.\n", 0, set()),
    ],
    ids=["all", "one failed", "all failed", "broken", "one not run", "none run", "skipped"],
)
def test_a_sanity_test_is_good_that_ran_and_is_not_listed(
    output: str, code: int, good: set[str]
) -> None:
    assert collection.find_good(["bidi", "import"], output, code) == good


def test_one_bad_sanity_test_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def answer(words: list[str], _folder: Path) -> subprocess.CompletedProcess[str]:
        if "--list-tests" in words:
            return subprocess.CompletedProcess(words, 0, "bidi\nimport\nshellcheck\n", "")
        if "--prime-venvs" in words:
            return subprocess.CompletedProcess(words, 0, "", "")
        return subprocess.CompletedProcess(words, 1, "", f"{RAN}{FATAL}import --python 3.11\n")

    monkeypatch.setattr(collection, "ansible_test_command", answer)
    assert not collection.run_sanity(Path("/nowhere"))
    assert "sanity: 1 passed, 1 failed, 1 skipped" in capsys.readouterr().out


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
    good = subprocess.CompletedProcess(["ansible-test"], 0, "=== 1 passed in 1.00s ===", "")
    for forked, whole in ((done, good), (good, done)):
        monkeypatch.setattr(collection, "ansible_test_command", lambda *_, it=forked: it)
        monkeypatch.setattr(collection, "pytest", lambda _, it=whole: it)
        assert collection.run_units(Path("/nowhere")) is expected


def test_each_sanity_test_that_is_left_out_has_its_reason() -> None:
    assert all(len(reason.split()) > 5 for reason in collection.SKIPPED.values())
