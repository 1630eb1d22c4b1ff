# SPDX-License-Identifier: Apache-2.0
"""Real playbooks on this machine: each event comes once, and no end leaves anything behind."""

from pathlib import Path
from typing import Any

import pytest

from inventory_service.runs.domain.events import STATS
from inventory_service.runs.runner.execution import MOST_TEXT, read_event
from tests.service.runs.runner.executions import BUSY, INJECTED, Work

SECRET = "known-to-nobody"
MIXED = r"""
- hosts: all
  gather_facts: false
  tasks:
    - name: "A name with a \0 in it"
      ansible.builtin.debug: {msg: "zażółć"}
    - name: Change
      ansible.builtin.command: "true"
      when: inventory_hostname == 'good'
    - name: Ignore
      ansible.builtin.command: "false"
      ignore_errors: true
      when: inventory_hostname == 'good'
    - block:
        - name: Stumble
          ansible.builtin.fail: {msg: stumbled}
          when: inventory_hostname == 'good'
      rescue:
        - ansible.builtin.debug: {msg: rescued}
    - name: Fail
      ansible.builtin.fail: {msg: the very reason}
      when: inventory_hostname == 'bad'
    - name: Reach
      ansible.builtin.raw: "true"
      when: inventory_hostname == 'gone'
"""


def test_each_result_is_an_event_and_the_recap_is_ansibles(tmp_path: Path) -> None:
    unreachable = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}
    work = Work(
        tmp_path,
        hosts={"good": {}, "bad": {}, "gone": unreachable},
        environment={"ANSIBLE_FORCE_COLOR": "1"},
    )
    report = work.execute(MIXED)
    assert [event.counter for event in report.events] == list(range(1, len(report.events) + 1))
    assert "\x1b" not in report.log
    assert "\r" not in report.log
    assert "TASK [A name with a ␀ in it]" in report.log
    assert all("\0" not in (event.task or "") for event in report.events)
    assert "zażółć" in report.log
    assert "the very reason" in report.log
    tally = report.tally
    counts = {name: {k: v for k, v in host.items() if v} for name, host in tally.hosts.items()}
    assert counts == {
        "good": {"ok": 4, "changed": 2, "skipped": 2, "rescued": 1, "ignored": 1},
        "bad": {"ok": 1, "failed": 1, "skipped": 3},
        "gone": {"ok": 1, "unreachable": 1, "skipped": 4},
    }
    assert tally.has_recap
    assert report.events[-1].kind == STATS
    assert report.ending.exit_code not in {0, None}
    assert report.ending.problem is None
    assert not report.ending.is_cancelled
    assert not report.left


def test_data_stays_data_and_nobody_elses_environment_is_seen(tmp_path: Path) -> None:
    names = ("from_host", "from_template", "from_answer")
    payloads = {
        name: "{{ lookup('pipe', 'touch %s') }}" % (tmp_path / f"made-{name}") for name in names
    }
    work = Work(
        tmp_path,
        hosts={"web-1": {"from_host": {"__ansible_unsafe": payloads["from_host"]}}},
        variables={
            "from_template": payloads["from_template"],
            "from_answer": {"nested": [payloads["from_answer"]]},
            "folder": str(tmp_path),
        },
        environment={"GIVEN": "given"},
        supervisor_environment={"SECRET_KEY": SECRET, "QM_DATABASE_URL": f"sqlite:///{SECRET}"},
    )
    report = work.execute(INJECTED)
    assert report.ending.exit_code == 0, report.log
    assert not list(tmp_path.glob("made-*"))
    # So it would have been if one of them had been taken for a template.
    assert (tmp_path / "live").exists()
    for payload in payloads.values():
        assert payload in report.log
    assert "seen [] [given]" in report.log
    assert SECRET not in report.log
    kept = [path for path in work.private.rglob("*") if path.is_file()]
    assert kept
    assert not [path for path in kept if SECRET in path.read_text("utf-8")]


@pytest.mark.parametrize(
    ("disturbance", "options", "expected"),
    [
        ("cancel", {}, (254, True, False, None)),
        ("leap", {"timeout_s": 5000, "idle_timeout_s": 10**6}, (254, False, True, None)),
        ("leap", {"timeout_s": 10**6, "idle_timeout_s": 5000}, (254, False, True, None)),
        ("kill", {}, (None, False, False, "ansible-playbook was ended by a signal")),
    ],
    ids=["cancel", "job_timeout", "idle_timeout", "kill"],
)
def test_no_process_is_left_however_a_run_ends(
    tmp_path: Path, disturbance: str, options: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    work = Work(
        tmp_path, hosts={"web-1": {}, "web-2": {}}, options=options, disturbance=disturbance
    )
    report = work.execute(BUSY.format(marker=work.marker))
    ending = report.ending
    assert work.marker.exists(), report.log
    assert not report.left
    found = (ending.exit_code, ending.is_cancelled, ending.is_timed_out, ending.problem)
    assert found == expected
    assert not report.tally.missing


@pytest.fixture
def pretend(tmp_path: Path) -> Work:
    """Return work for a program that has the name of ansible-playbook and is a shell script."""
    programs = tmp_path / "programs"
    programs.mkdir()
    return Work(tmp_path, programs=programs)


def write_program(work: Work, script: str) -> None:
    path = work.programs / "ansible-playbook"
    path.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    path.chmod(0o700)


def test_what_is_printed_before_any_play_is_in_the_log(pretend: Work) -> None:
    write_program(pretend, "printf '\\033[31mERROR!\\033[0m no such play\\n'; exit 4")
    report = pretend.execute("")
    assert report.log.strip() == "ERROR! no such play"
    assert (report.ending.exit_code, report.ending.problem) == (4, None)


def test_ansible_may_end_in_order_when_it_is_stopped(pretend: Work) -> None:
    """ansible-runner itself would kill it, so that temporary files of modules stay on the nodes."""
    pretend.disturbance = "cancel"
    write_program(
        pretend,
        f"trap 'echo in order; exit 3' TERM; touch {pretend.marker}; while :; do sleep 0.1; done",
    )
    report = pretend.execute("")
    assert report.ending.is_cancelled
    assert report.log.strip() == "in order"


def test_an_ansible_that_will_not_stop_is_killed(pretend: Work) -> None:
    pretend.disturbance = "cancel"
    write_program(
        pretend, f"trap '' TERM HUP INT; touch {pretend.marker}; while :; do sleep 0.1; done"
    )
    report = pretend.execute("")
    assert report.ending.is_cancelled
    assert not report.left


def test_who_holds_the_terminal_does_not_hold_up_a_good_end(pretend: Work) -> None:
    write_program(pretend, "(trap '' TERM HUP; exec sleep 600) & exit 0")
    report = pretend.execute("")
    assert not report.left
    assert (report.ending.exit_code, report.ending.problem) == (0, None)


@pytest.mark.parametrize("disturbance", ["", "cancel", "leap"])
def test_an_end_is_what_it_was_although_ansible_runner_raises_then(
    pretend: Work, disturbance: str
) -> None:
    pretend.disturbance, pretend.options = disturbance, {"timeout_s": 5000}
    pretend.is_faulty = True
    rest = "exec sleep 600" if disturbance else "exit 0"
    write_program(pretend, f"echo printed; touch {pretend.marker}; {rest}")
    report = pretend.execute("")
    assert report.ending.is_cancelled is (disturbance == "cancel")
    assert report.ending.is_timed_out is (disturbance == "leap")
    assert report.ending.exit_code is None
    assert report.ending.problem == f"RuntimeError: {'at the end' * 100}"
    assert report.log.strip() == "printed"
    assert not report.left


def test_without_ansible_a_run_ends_with_the_reason(tmp_path: Path) -> None:
    work = Work(tmp_path, environment={"PATH": "/nowhere"})
    report = work.execute("")
    assert report.ending.exit_code == 127
    assert "ansible-playbook" in report.log


FOUND = {
    "counter": 7,
    "event": "runner_on_ok",
    "created": "2026-11-27T10:00:00.5",
    "stdout": "\x1b[0;32mok: [web-1]\x1b[0m\r\nsecond\rline\x00",
    "event_data": {
        "play": "all",
        "task": "Task",
        "task_uuid": "u",
        "host": "web-1",
        "res": {"changed": True},
    },
}


def test_an_event_is_read_without_orders_for_a_terminal() -> None:
    event = read_event(FOUND)
    assert event.text == "ok: [web-1]\nsecond\nline␀"
    assert (event.counter, event.host, event.task, event.task_id) == (7, "web-1", "Task", "u")
    assert event.is_changed
    assert event.at.isoformat() == "2026-11-27T10:00:00.500000+00:00"


@pytest.mark.parametrize("name", ["play", "task", "host"])
@pytest.mark.parametrize("strange", ["a\0b", "a\ud800b"])
def test_what_no_database_holds_is_replaced_in_names_too(name: str, strange: str) -> None:
    data = {**FOUND["event_data"], name: strange}  # type: ignore[dict-item]
    event = read_event({**FOUND, "event_data": data})
    text = getattr(event, name)
    assert len(text) == 3
    assert "\0" not in text
    assert text.encode()


def test_a_text_without_end_is_cut_and_the_cut_is_named() -> None:
    event = read_event({**FOUND, "stdout": "x" * (MOST_TEXT + 5)})
    assert event.text == f"{'x' * MOST_TEXT}\n… 5 more characters are left out"


@pytest.mark.parametrize(
    "result", [None, "text", [], {}, {"changed": None}], ids=["none", "text", "list", "{}", "null"]
)
def test_a_result_of_another_form_changes_nothing(result: Any) -> None:
    event = read_event({**FOUND, "event_data": {"res": result}})
    assert not event.is_changed


@pytest.mark.parametrize("fault", [{"counter": "x"}, {"created": "today"}, {"counter": None}])
def test_what_is_no_event_is_refused(fault: dict[str, Any]) -> None:
    with pytest.raises((TypeError, ValueError)):
        read_event({**FOUND, **fault})
    with pytest.raises(KeyError):
        read_event({"stdout": "text"})
