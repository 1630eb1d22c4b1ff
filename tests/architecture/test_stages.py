# SPDX-License-Identifier: Apache-2.0
"""The closing lines of `make test` tell what happened, and nothing that did not happen."""

from pathlib import Path

import pytest

from tests import stages


@pytest.mark.parametrize(
    ("output", "code", "expected"),
    [
        ("", 0, (1, 0, 0)),
        ("All checks passed!", 0, (1, 0, 0)),
        ("", 1, (0, 1, 0)),
        ("12 passed, 2 skipped in 3.21s", 0, (12, 0, 2)),
        ("===== 1 failed, 12 passed in 3.21s =====", 1, (12, 1, 0)),
        ("2 errors in 0.10s", 2, (0, 2, 0)),
        ("7 passed, 1 error in 3.21s", 1, (7, 1, 0)),
        ("3 skipped in 0.01s", 0, (0, 0, 3)),
        ("no tests ran in 0.01s", 5, (0, 1, 0)),
        ("sanity: 21 passed, 0 failed, 2 skipped\nunits: 227 passed, 0 failed", 0, (248, 0, 2)),
        ("12 passed in 3.21s\nKilled", 137, (12, 1, 0)),
        ("the log says 5 failed logins", 0, (1, 0, 0)),
    ],
)
def test_a_stage_is_counted_by_what_its_command_says(
    output: str, code: int, expected: tuple[int, int, int]
) -> None:
    counts = stages._count(output.splitlines(), code)
    assert (counts["passed"], counts["failed"], counts["skipped"]) == expected


def test_a_stage_in_which_all_was_skipped_is_not_good() -> None:
    outcome = stages.Outcome("hosts", 0.0, {"passed": 0, "failed": 0, "skipped": 3})
    assert not outcome.is_good


def test_a_stage_ends_with_its_command(capsys: pytest.CaptureFixture[str]) -> None:
    outcome = stages.run(stages.Stage("sample", ("false",)))
    assert str(outcome) == "sample: 0 passed, 1 failed, 0 skipped"
    assert "sample: 0 passed, 1 failed, 0 skipped in" in capsys.readouterr().out


MOLECULE = """
  \x1b[2m│\x1b[0m TASK [It is refused] ********
  \x1b[2m\x1b[31m│\x1b[0m \x1b[0;31mfatal: [alpha]: FAILED! => \x1b[0m
  \x1b[2m\x1b[31m│\x1b[0m \x1b[0;31m    msg: as it should be\x1b[0m
  \x1b[2m│\x1b[0m
  \x1b[2m│\x1b[0m TASK [Beta
  \x1b[2m│\x1b[0m   answers] ********
  \x1b[2m│\x1b[0m ok: [alpha]
  \x1b[2m\x1b[31m│\x1b[0m \x1b[31m[ERROR]: Task failed\x1b[0m
  \x1b[2m\x1b[31m│\x1b[0m \x1b[0;31mfailed: [beta] (item=1) => \x1b[0m
  \x1b[2m\x1b[31m│\x1b[0m \x1b[0;31m    msg: |-\x1b[0m
  \x1b[2m\x1b[31m│\x1b[0m \x1b[0;31m        TASK [Of a run within] ***\x1b[0m
  \x1b[2m\x1b[31m│\x1b[0m \x1b[0;31m        fatal: [localhost]: FAILED! => no answer\x1b[0m
  \x1b[2m│\x1b[0m
  \x1b[2m│\x1b[0m PLAY RECAP ****
"""


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (
            "x\nFAILED a.py::b - no\nERROR c.py - no\n2 failed",
            ["FAILED a.py::b - no", "ERROR c.py - no"],
        ),
        (
            MOLECULE,
            [
                (
                    "TASK [Beta failed: [beta] (item=1) => msg: |- "
                    "TASK [Of a run within] fatal: [localhost]: FAILED! => no answer"
                )
            ],
        ),
        ("one\ntwo\n\nthree\nfour\n", ["two", "three", "four"]),
        ("", []),
    ],
)
def test_a_failure_is_told_in_few_words(output: str, expected: list[str]) -> None:
    assert stages._failures(output.splitlines()) == expected


def test_a_long_failure_keeps_who_failed_and_why() -> None:
    (told,) = stages._failures([f"FAILED who {'x' * 5000} why"])
    assert told.startswith("FAILED who ")
    assert told.endswith(" why")
    assert len(told) <= stages.TOLD + 10


def test_a_time_limit_is_told() -> None:
    outcome = stages.run(stages.Stage("sample", ("sleep", "60"), timeout_s=1))
    assert list(outcome.failures) == ["ended by its time limit of 1 s"]


def test_each_molecule_scenario_is_a_stage() -> None:
    scenarios = {
        path.parent.name for path in stages.ROOT.glob("extensions/molecule/*/molecule.yml")
    }
    assert {stage.name for stage in stages._molecule()} == {f"molecule-{it}" for it in scenarios}


def test_a_stage_that_is_none_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(SystemExit, match="There is no stage nonsense; there are check, test, "):
        stages.main(["nonsense"])


def test_no_test_is_left_out(tracked: list[Path]) -> None:
    """Tests on real hosts are found by their mark; each other one lies in a stage's folder."""
    folders = [
        word
        for stage in (*stages.CHECK, *stages.SLOW)
        for word in stage.command
        if word.startswith("tests/")
    ]
    files = [path.as_posix() for path in tracked if path.match("tests/**/test_*.py")]
    files = [file for file in files if file.startswith("tests/")]
    assert files
    assert not [file for file in files if not any(file.startswith(f"{it}/") for it in folders)]
