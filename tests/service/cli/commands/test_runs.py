# SPDX-License-Identifier: Apache-2.0
"""`qm run` against a real service, whose worker only records."""

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from inventory_service.core.actors import Scope
from inventory_service.core.encryption import make_key
from inventory_service.runs.domain.states import RunState
from inventory_service.settings import Settings
from tests.service.runs.routes.conftest import Recorder, make_event, make_play

Qm = Callable[..., Result]
Ask = Callable[..., Any]


@pytest.fixture(autouse=True)
def shop(ask: Ask, mesh: str) -> str:
    """Return the name of a template, for which two nodes are active."""
    for number in (1, 2):
        name = f"web-{number}"
        address = ("--internal-ip", f"10.0.0.{number}")
        ask("node", "add", name, "--type", "web", "--cluster", mesh, *address)
        for state in ("provisioning", "active"):
            ask("node", "set", name, "--state", state)
    ask("template", "add", "shop", "--playbook", "playbooks/site.yml")
    return "shop"


def order(ask: Ask, *words: str) -> str:
    return str(ask("run", "shop", "--no-follow", *words)["id"])


def test_the_name_of_a_template_is_a_command(qm: Qm, ask: Ask) -> None:
    result = qm("run", "shop", "-l", "web-1", "--check", "-D", "-t", "a", "--skip-tag", "b")
    assert result.exit_code == 0, result.output
    assert "qm run follow" in result.stdout
    (run,) = ask("run", "list")
    shown = ask("run", "show", str(run["id"]))
    assert (shown["hosts"], shown["door"], shown["state"]) == (["web-1"], "cli", "queued")
    options = shown["options"]
    assert (options["check"], options["diff"]) == (True, True)
    assert (options["tags"], options["skip_tags"]) == (["a"], ["b"])


def test_a_name_that_is_no_template_is_not_found(qm: Qm) -> None:
    for words in (("run", "absent"), ("run", "start", "absent")):
        result = qm(*words)
        assert result.exit_code == 4
        assert "absent" in result.stderr


def test_answers_are_json_or_text(ask: Ask, qm: Qm) -> None:
    survey = (
        '{"type": "object", "properties": {"count": {"type": "integer"},'
        ' "name": {"type": "string"}}}'
    )
    ask("template", "set", "shop", "--survey", "-", stdin=survey)
    run_id = order(ask, "--set", "count=3", "-e", "name={{ x }}")
    assert ask("run", "show", run_id)["answers"] == {"count": 3, "name": "{{ x }}"}
    result = qm("run", "shop", "--set", "count=many")
    assert result.exit_code == 1
    assert "--set count" in result.stderr


def test_where_there_is_no_run_the_way_to_one_is_named(qm: Qm) -> None:
    assert "qm run TEMPLATE" in qm("run", "list").output


def test_runs_are_listed_by_template_and_state(ask: Ask, qm: Qm) -> None:
    first, second = order(ask), order(ask)
    ask("run", "cancel", first, "--yes")
    assert [run["id"] for run in ask("run", "list", "--state", "queued")] == [int(second)]
    assert [run["id"] for run in ask("run", "list", "--limit", "1")] == [int(second)]
    assert ask("run", "list", "--template", "other") == []
    assert "cancelled" in qm("run", "list").stdout


def test_a_cancellation_is_confirmed_and_gives_its_reason(qm: Qm, ask: Ask) -> None:
    run_id = order(ask)
    result = qm("run", "cancel", run_id, "--reason", "wrong one", "--yes")
    assert result.stdout.splitlines()[0] == f"Run {run_id} is cancelled."
    assert ask("run", "show", run_id)["state_reason"] == "cancelled by admin: wrong one"
    assert qm("run", "cancel", run_id, "--yes").exit_code == 5


def test_a_run_is_relaunched_on_the_hosts_that_failed(ask: Ask, recorder: Recorder) -> None:
    run_id = order(ask)
    recorder.begin(int(run_id))
    recorder.add(int(run_id), make_play(failed="web-2"))
    recorder.end(int(run_id), RunState.FAILED)
    again = ask("run", "relaunch", run_id, "--failed", "--no-follow", "--reason", "mended")
    assert (again["relaunch_of"], again["host_count"]) == (int(run_id), 1)
    assert again["reason"] == "mended"
    assert ask("run", "relaunch", run_id, "--no-follow")["host_count"] == 2


def test_results_are_shown_by_host_and_by_task(qm: Qm, ask: Ask, recorder: Recorder) -> None:
    run_id = order(ask)
    assert f"Run {run_id} has no hosts yet." in qm("run", "hosts", run_id).output
    recorder.begin(int(run_id))
    recorder.add(int(run_id), make_play(failed="web-2"))
    assert [host["failed"] for host in ask("run", "hosts", run_id)] == [0, 1]
    assert [task["task"] for task in ask("run", "tasks", run_id)] == ["Ping"]
    assert "web-2" in qm("run", "hosts", run_id).stdout
    assert "Ping" in qm("run", "tasks", run_id).stdout


def test_the_log_is_printed_as_text_that_cannot_steer_a_terminal(
    qm: Qm, ask: Ask, recorder: Recorder
) -> None:
    run_id = order(ask)
    recorder.begin(int(run_id))
    # Longer than a part of the answer, so that a character lies on the border of two.
    text = "x" + "ż" * 100_000 + "\x1b]0;title\x07\x9b1m\n"
    recorder.add(int(run_id), [make_event(1, text=text.rstrip("\n"))])
    shown = "x" + "ż" * 100_000 + "\\u001b]0;title\\u0007\\u009b1m\n"
    assert qm("run", "log", run_id).stdout == shown
    recorder.end(int(run_id), RunState.FAILED, log=[zlib.compress(text.encode())])
    assert qm("run", "log", run_id).stdout == shown


@pytest.mark.parametrize(("state", "code"), [(RunState.SUCCESSFUL, 0), (RunState.FAILED, 1)])
def test_who_follows_a_run_gets_its_log_and_its_end_as_exit_code(
    qm: Qm, ask: Ask, recorder: Recorder, state: RunState, code: int
) -> None:
    run_id = order(ask)
    recorder.begin(int(run_id))
    recorder.add(int(run_id), make_play(failed="web-2" if code else None))
    recorder.end(int(run_id), state)
    result = qm("run", "follow", run_id)
    assert (result.exit_code, result.stdout) == (code, "line 1\nline 2\nline 3\n")
    assert f"Run {run_id} (shop) is {state}" in result.stderr
    as_json = qm("run", "follow", run_id, "--json")
    assert (as_json.exit_code, f'"state": "{state}"' in as_json.stdout) == (code, True)


def test_an_unknown_run_is_not_found_by_any_command(qm: Qm) -> None:
    for command in ("show", "follow", "log", "hosts", "tasks", "relaunch"):
        result = qm("run", command, "77")
        assert result.exit_code == 4, command
        assert "run 77" in result.stderr
    assert qm("run", "cancel", "77", "--yes").exit_code == 4
    for strange in ("x", "0", "../1"):
        assert qm("run", "show", strange).exit_code == 2


def test_a_viewer_reads_and_does_not_act(qm: Qm, ask: Ask) -> None:
    run_id = order(ask)
    assert qm("run", "list", scope=Scope.VIEWER).exit_code == 0
    assert qm("run", "log", run_id, scope=Scope.VIEWER).exit_code == 0
    assert qm("run", "shop", scope=Scope.VIEWER).exit_code == 6
    assert qm("run", "cancel", run_id, "--yes", scope=Scope.VIEWER).exit_code == 6


def test_a_secret_answer_comes_from_a_file_or_standard_input(
    ask: Ask, tmp_path: Path, settings: Settings
) -> None:
    make_key(settings.secret_key_path)
    survey = (
        '{"type": "object", "properties": {"count": {"type": "integer"},'
        ' "pin": {"type": "string", "writeOnly": true}}}'
    )
    ask("template", "set", "shop", "--survey", "-", stdin=survey)
    secret = tmp_path / "pin"
    secret.write_text("one-sentinel\n", "utf-8")
    run_id = order(ask, "--set-file", f"pin={secret}", "--set", "count=3")
    assert ask("run", "show", run_id)["answers"] == {"count": 3, "pin": "(hidden)"}
    second = ask("run", "shop", "--no-follow", "--set-file", "pin=-", stdin="another\n")
    assert second["answers"] == {"pin": "(hidden)"}
