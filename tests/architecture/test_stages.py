# SPDX-License-Identifier: Apache-2.0
"""The closing lines of `make test` tell what happened, and nothing that did not happen."""

import gc
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests import stage_outcomes, stages

TESTS = Path(__file__).parents[1]
ROOT = Path(__file__).parents[2]


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
    counts = stage_outcomes.count(output.splitlines(), code)
    assert (counts["passed"], counts["failed"], counts["skipped"]) == expected


def test_a_stage_in_which_all_was_skipped_is_not_good() -> None:
    outcome = stage_outcomes.Outcome("hosts", 0.0, {"passed": 0, "failed": 0, "skipped": 3})
    assert not outcome.is_good


def test_a_stage_ends_with_its_command(capsys: pytest.CaptureFixture[str]) -> None:
    (outcome,) = stages.run([stages.Stage("sample", ("false",))])
    assert str(outcome) == "sample: 0 passed, 1 failed, 0 skipped"
    assert "sample: 0 passed, 1 failed, 0 skipped in" in capsys.readouterr().out


def test_all_tests_on_hosts_are_where_their_stage_looks() -> None:
    # In two parts, so that this file does not have it.
    mark = "pytest.mark." + "hosts"
    files = {path for path in TESTS.rglob("*.py") if mark in path.read_text("utf-8")}
    assert files
    folders = [stages.ROOT / folder for folder in stages.HOSTS]
    assert [path for path in files if not any(map(path.is_relative_to, folders))] == []


def test_a_long_stage_is_never_silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It goes on once a line has said that it runs."""
    go_on, said = tmp_path / "go-on", list[str]()
    os.mkfifo(go_on)

    def say(line: str) -> None:
        said.append(line)
        if said.count(line) == 1 and line == "== sample: 0 min":
            go_on.write_text("and ends\n", "utf-8")

    monkeypatch.setattr(stages, "SAY_EACH_S", 0.01)
    monkeypatch.setattr(stages, "_say", say)
    (outcome,) = stages.run([stages.Stage("sample", ("cat", str(go_on)), timeout_s=60)])
    assert outcome.is_good
    assert "== sample: 0 min" in said


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
    assert stage_outcomes.find_failures(output.splitlines()) == expected


def test_a_long_failure_keeps_who_failed_and_why() -> None:
    (told,) = stage_outcomes.find_failures([f"FAILED who {'x' * 5000} why"])
    assert told.startswith("FAILED who ")
    assert told.endswith(" why")
    assert len(told) <= stage_outcomes.TOLD + 10


def test_a_time_limit_is_told() -> None:
    (outcome,) = stages.run([stages.Stage("sample", ("sleep", "60"), timeout_s=1)])
    assert list(outcome.failures) == ["ended by its time limit of 1 s"]


# Passes when it is run for the second time, as a test does that a busy machine failed.
FLAKY = """
from pathlib import Path
import pytest

@pytest.mark.parametrize("number", range(3))
def test_good(number):
    with Path({log!r}).open("a") as log:
        log.write(f"good {{number}}\\n")

def test_flaky_one():
    with Path({log!r}).open("a") as log:
        log.write("flaky\\n")
    assert Path({log!r}).read_text().count("flaky") > 1, "too early - for now"
"""
SKIPPED_THEN = """
from pathlib import Path
import pytest

def test_it():
    mark = Path({log!r})
    if mark.exists():
        pytest.skip("not here")
    mark.touch()
    raise AssertionError("the first time")
"""
BROKEN = "def test_good(): pass\ndef test_broken(): raise ValueError('for ever')\n"
BROKEN_TEARDOWN = """
from pathlib import Path
import pytest

@pytest.fixture
def host():
    mark = Path({log!r})
    yield
    is_first = not mark.exists()
    mark.touch()
    assert not is_first, "not removed"

def test_host(host):
    pass
"""
MANY = "import pytest\n@pytest.mark.parametrize('it', range(30))\ndef test_it(it): assert it < 0\n"


@pytest.fixture
def _few_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out plugins of pytest that load for seconds; the stages need xdist alone."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_PLUGINS", "xdist.plugin")


def run_tests(folder: Path, text: str, *, has_hosts: bool = True) -> stage_outcomes.Outcome:
    """Run a stage of one file of tests as `hosts` is run."""
    file = folder / "test_sample.py"
    file.write_text(text.format(log=str(folder / "log")) if "{log" in text else text, "utf-8")
    words = stages.ON_HOSTS if has_hosts else stages.PYTEST
    command = (*words, *stages.BY_FILE, "--rootdir", str(folder), str(file))
    (outcome,) = stages.run([stages.Stage("sample", command, has_hosts=has_hosts)])
    return outcome


@pytest.mark.usefixtures("_few_plugins")
@pytest.mark.parametrize(
    ("text", "passed", "failed", "flaky", "failures"),
    [
        (FLAKY, 4, 0, ["test_flaky_one - AssertionError: too early - for now"], []),
        (BROKEN_TEARDOWN, 2, 0, ["test_host - AssertionError: not removed"], []),
        (BROKEN, 1, 1, [], ["test_broken - Val", "test_broken - Val"]),
        (SKIPPED_THEN, 0, 1, [], ["the first time"]),
        (MANY, 0, 20, [], ["test_it["] * 20),
        ("import nothing_of_that_name", 0, 1, [], ["test_sample.py"] * 2),
    ],
    ids=["flaky", "teardown", "broken", "skipped", "many", "no_tests"],
)
def test_what_fails_on_hosts_is_run_once_more(
    tmp_path: Path, text: str, passed: int, failed: int, flaky: list[str], failures: list[str]
) -> None:
    outcome = run_tests(tmp_path, text)
    assert (outcome.counts["passed"], outcome.counts["failed"]) == (passed, failed)
    assert outcome.is_good == (not failures)
    for told, words in ((outcome.flaky, flaky), (outcome.failures, failures)):
        assert len(told) == len(words), told
        assert all(word in line for line, word in zip(told, words, strict=True)), told


@pytest.mark.usefixtures("_few_plugins")
def test_only_what_failed_is_run_once_more(tmp_path: Path) -> None:
    run_tests(tmp_path, FLAKY)
    lines = sorted((tmp_path / "log").read_text("utf-8").split("\n"))
    assert lines == ["", "flaky", "flaky", "good 0", "good 1", "good 2"]


@pytest.mark.usefixtures("_few_plugins")
def test_what_fails_without_hosts_is_not_run_again(tmp_path: Path) -> None:
    outcome = run_tests(tmp_path, FLAKY, has_hosts=False)
    assert (outcome.counts["passed"], outcome.counts["failed"]) == (3, 1)
    assert not outcome.flaky


@pytest.mark.parametrize("passes_at", [1, 2, 3])
def test_a_scenario_is_run_once_more_as_a_whole(tmp_path: Path, passes_at: int) -> None:
    script = f"echo x >> {tmp_path}/log; test $(wc -l < {tmp_path}/log) -ge {passes_at}"
    (outcome,) = stages.run([stages.Stage("sample", ("sh", "-c", script), has_hosts=True)])
    assert outcome.is_good == (passes_at < 3)
    assert len((tmp_path / "log").read_text("utf-8").split()) == min(passes_at, 2)


def test_the_end_of_a_run_names_what_must_not_be_missed() -> None:
    lines = list(
        stage_outcomes.summarize(
            [
                stage_outcomes.Outcome(
                    "quick",
                    2.4,
                    {"passed": 5, "failed": 0, "skipped": 0},
                    slowest=[(2.1, "test_a"), (0.3, "test_b (setup)")],
                    cpu_s=1.6,
                ),
                stage_outcomes.Outcome(
                    "hosts",
                    70.0,
                    {"passed": 2, "failed": 0, "skipped": 1},
                    slowest=[(60.0, "test_c")],
                    flaky=["FAILED test_c - no answer"],
                    cpu_s=30.0,
                ),
                stage_outcomes.Outcome(
                    "late", 1.0, {"passed": 0, "failed": 1, "skipped": 0}, ["FAILED test_d - no"]
                ),
            ]
        )
    )
    assert lines == [
        "     2 s       2 s of CPU  quick",
        "    70 s      30 s of CPU  hosts",
        "     1 s       0 s of CPU  late",
        "    73 s      32 s of CPU  in all",
        "    60.0 s  hosts: test_c",
        "     2.1 s  quick: test_a",
        "     0.3 s  quick: test_b (setup)",
        "quick: 5 passed, 0 failed, 0 skipped",
        "hosts: 2 passed, 0 failed, 1 skipped",
        "late: 0 passed, 1 failed, 0 skipped",
        "flaky: hosts FAILED test_c - no answer",
        "late: FAILED test_d - no",
    ]


@pytest.mark.usefixtures("_few_plugins")
def test_a_run_lists_its_slowest_tests(tmp_path: Path) -> None:
    outcome = run_tests(tmp_path, "import time\ndef test_slow(deadline=0): time.sleep(0.02)\n")
    (slowest,) = outcome.slowest
    assert slowest[0] >= 0.02
    assert slowest[1].endswith("test_sample.py::test_slow")


def test_no_more_tests_are_listed_than_the_slowest() -> None:
    tests = [(float(number), f"test_{number}") for number in range(50)]
    counts = {"passed": 50, "failed": 0, "skipped": 0}
    lines = list(stage_outcomes.summarize([stage_outcomes.Outcome("x", 1, counts, (), tests)]))
    listed = [line.rpartition(" ")[2] for line in lines if " x: test_" in line]
    assert listed == [f"test_{number}" for number in range(49, 29, -1)]


def test_stages_on_hosts_are_those_that_are_run_once_more() -> None:
    every = (*stages.CHECK, *stages.SLOW, *stages._molecule())
    on_hosts = {stage.name.partition("-")[0] for stage in every if stage.has_hosts}
    assert on_hosts == {"e2e", "hosts", "molecule"}


def test_stages_that_leave_room_are_run_beside_each_other() -> None:
    one, two, three, alone = (stages.Stage(name, ()) for name in ("one", "two", "three", "alone"))
    one, two, three = (replace(it, leaves_room=True) for it in (one, two, three))
    groups = list(stages._group([alone, one, two, alone, alone, three]))
    assert groups == [(alone,), (one, two), (alone,), (alone,), (three,)]


def test_two_stages_run_at_once_and_each_one_speaks_as_a_whole(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Each waits for the other one, and a third has to wait for a free place."""
    meet = "echo {0} begins; touch {0}; until test -e {1}; do sleep 0.01; done; echo {0} ends"
    scripts = {"a": meet.format("a", "b"), "b": meet.format("b", "a"), "c": "echo c; false"}
    group = [
        stages.Stage(name, ("sh", "-c", f"cd {tmp_path}; {script}"), timeout_s=60)
        for name, script in scripts.items()
    ]
    outcomes = stages.run(group)

    assert [(it.name, it.is_good) for it in outcomes] == [("a", True), ("b", True), ("c", False)]
    said = capfd.readouterr().out
    for name in ("a", "b"):
        whole = f"\n{name} begins\n{name} ends\n== {name}: 1 passed, 0 failed, 0 skipped in "
        assert whole in said


def test_a_stage_that_fails_beside_another_is_run_again_when_that_has_ended(tmp_path: Path) -> None:
    # It fails as long as the other one runs, and says nothing.
    first = "touch {0}/begun; test -e {0}/done"
    beside = "until test -e {0}/begun; do sleep 0.01; done; sleep 0.1; touch {0}/done"
    scripts = {"first": first, "beside": beside}
    outcomes = stages.run(
        [
            stages.Stage(name, ("sh", "-c", script.format(tmp_path)), 60, has_hosts=True)
            for name, script in scripts.items()
        ]
    )
    assert [it.is_good for it in outcomes] == [True, True]
    assert [list(it.flaky) for it in outcomes] == [["ended with status 1"], []]


def test_the_time_of_the_processor_is_that_of_the_stage_alone() -> None:
    script = "import time\nwhile time.process_time() < 0.3: pass"
    busy = stages.Stage("busy", ("python", "-c", script))
    idle = stages.Stage("idle", ("true",))
    worked, waited = stages.run([busy, idle])
    assert worked.cpu_s >= 0.3 > waited.cpu_s


def test_programs_of_ansible_look_for_garbage_seldom_and_all_others_as_always(
    capsys: pytest.CaptureFixture[str],
) -> None:
    command = (sys.executable, "-c", "import gc; print('looks after', gc.get_threshold()[0])")
    ours, other = stages.Stage("ours", command, runs_ansible=True), stages.Stage("other", command)
    for stage in (ours, other):
        stages._run_once(stage, is_live=True)
    looks = [line for line in capsys.readouterr().out.splitlines() if line.startswith("looks")]
    assert looks == ["looks after 100000", f"looks after {gc.get_threshold()[0]}"]


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


def test_one_worker_has_all_files_that_share_hosts(tmp_path: Path) -> None:
    (folder, other), names = ("wireguard", "service"), ("a", "b", "c", "d")
    record = "from pathlib import Path\ndef test_it(worker_id): Path(__file__).with_suffix('.w')"
    for name in (folder, other):
        (tmp_path / "tests" / "e2e" / name).mkdir(parents=True)
        for file in names:
            path = tmp_path / "tests" / "e2e" / name / f"test_{name}_{file}.py"
            path.write_text(f"{record}.write_text(worker_id)\n", "utf-8")
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path / "tests")
    (tmp_path / "pytest.ini").touch()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *stages.BY_FILE],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    workers = {
        name: {path.read_text("utf-8") for path in tmp_path.glob(f"tests/e2e/{name}/*.w")}
        for name in (folder, other)
    }
    assert (len(workers[folder]), len(workers[other])) == (1, 2)


def test_files_with_slow_or_many_tests_are_begun_first_and_keep_their_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else one worker would wait at the end for the other's last file."""
    slow = "@pytest.mark.slow\n"
    for name, mark, more in (("a", "", ""), ("b", slow, ""), ("c", "", "def test_3(): pass\n")):
        text = f"import pytest\ndef test_1(): pass\n{mark}def test_2(): pass\n{more}"
        (tmp_path / f"test_{name}.py").write_text(text, "utf-8")
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", "."],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    found = [line for line in done.stdout.splitlines() if "::" in line]
    names = [f"{file}{number}" for file, number in zip("bbcccaa", "1212312", strict=True)]
    assert found == [f"test_{it[0]}.py::test_{it[1]}" for it in names], done.stdout + done.stderr
