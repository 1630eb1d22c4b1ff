# SPDX-License-Identifier: Apache-2.0
"""Runs of playbooks in a process of their own, as a supervisor has one, and what they report.

A subreaper stays one, and ansible-runner is changed for the whole process. A run can be disturbed
as soon as a file is there, which its playbook makes: then all that the test is about is at work.
"""

import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from inventory_service.runs.domain.events import RunEvent, Tally
from inventory_service.runs.domain.outcomes import Ending
from inventory_service.runs.runner.folders import MARK, RunInput, write_folder
from inventory_service.runs.runner.processes import end_all, list_marked

_PATIENCE_S = 120
OPTIONS: dict[str, Any] = {
    "tags": [],
    "skip_tags": [],
    "check": False,
    "diff": False,
    "forks": 5,
    "verbosity": 0,
    "idle_timeout_s": 3600,
    "timeout_s": 7200,
    "limit_variable": None,
}
#: So much later it seems to be to ansible-runner after a disturbance.
_LEAP_S = 10_000

#: What a module can leave behind: a child, one in a session of its own, and one that ignores TERM.
BUSY = """
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.shell: |
        sleep 600 &
        setsid sleep 600 &
        (trap '' TERM; exec setsid sleep 600) >/dev/null 2>&1 &
        touch '{marker}'
        sleep 600
"""
INJECTED = """
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.debug:
        msg: "{{ from_host }} {{ from_template }} {{ from_answer.nested[0] }}"
    - ansible.builtin.debug:
        msg: "seen [{{ lookup('env', 'SECRET_KEY') }}] [{{ lookup('env', 'GIVEN') }}]"
    - ansible.builtin.debug:
        msg: "core {{ ansible_version.full }},"
    - ansible.builtin.debug:
        msg: "{{ lookup('pipe', 'touch ' ~ folder ~ '/live; env') }}"
"""


@dataclass
class Work:
    """A folder with a playbook, the hosts on this machine that it is for, and their variables."""

    folder: Path
    hosts: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: {"web-1": {}})
    options: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    #: Of the process that has the run.
    supervisor_environment: Mapping[str, str] = field(default_factory=dict)
    #: `cancel`, `leap` or `kill`, as soon as the file `marker` is there.
    disturbance: str = ""
    #: Whether ansible-runner raises an error when the run has ended, as it is known to.
    is_faulty: bool = False
    programs: Path = Path(sys.executable).parent

    @property
    def marker(self) -> Path:
        """Return the file that the playbook makes when it can be disturbed."""
        return self.folder / "marker"

    @property
    def private(self) -> Path:
        """Return the folder of ansible-runner."""
        return self.folder / "private"

    def execute(self, playbook: str) -> "Report":
        """Run the text of a playbook to its end, and return what was reported."""
        (self.folder / "play.yml").write_text(playbook, "utf-8")
        (self.folder / "ansible.cfg").write_text("", "utf-8")
        mark = uuid.uuid4().hex
        write_folder(self.private, self._make_input(mark))
        order = {
            "folder": str(self.folder),
            "private": str(self.private),
            "marker": str(self.marker),
            "disturbance": self.disturbance,
            "fault": "raise" if self.is_faulty else "",
        }
        done = subprocess.run(
            [sys.executable, "-m", "tests.service.runs.runner.executions", json.dumps(order)],
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": os.pathsep.join(sys.path),
                "HOME": str(self.folder),
                **self.supervisor_environment,
            },
            cwd=Path(__file__).parents[4],
            capture_output=True,
            text=True,
            timeout=_PATIENCE_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout)
        return Report(
            [RunEvent.from_dict(event) for event in found["events"]],
            Ending(**found["ending"]),
            _end_left(f"{MARK}={mark}"),
        )

    def _make_input(self, mark: str) -> RunInput:
        local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        inventory = {
            "all": {"hosts": list(self.hosts)},
            "_meta": {"hostvars": {name: local | dict(own) for name, own in self.hosts.items()}},
        }
        environment = {
            "PATH": f"{self.programs}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "ANSIBLE_CONFIG": str(self.folder / "ansible.cfg"),
            MARK: mark,
        }
        return RunInput(
            playbook="play.yml",
            folder=self.folder,
            inventory=json.dumps(inventory).encode(),
            inventory_folders=(),
            hosts=list(self.hosts),
            options=OPTIONS | dict(self.options),
            variables=self.variables,
            environment=environment | dict(self.environment),
        )


@dataclass(frozen=True)
class Report:
    """What a run reported, and which of its processes are left."""

    events: list[RunEvent]
    ending: Ending
    left: list[int]

    @property
    def log(self) -> str:
        """Return what Ansible printed."""
        return "\n".join(event.text for event in self.events)

    @property
    def tally(self) -> Tally:
        """Return what the events amount to."""
        tally = Tally()
        tally.add(replace(event) for event in self.events)
        return tally


def _end_left(mark: str) -> list[int]:
    """Return the processes that a run has left, and end them: a fault is seen once."""
    left = list_marked(mark)
    end_all(lambda: list_marked(mark))
    return left


def main(order: Mapping[str, str]) -> None:
    """Execute the run of a folder, and write as JSON what it reports."""
    # Only here: a process that imports it does not execute anything.
    from inventory_service.runs.runner import processes  # noqa: PLC0415 (as above)
    from inventory_service.runs.runner.execution import execute  # noqa: PLC0415 (as above)

    processes.GRACE_S = 0.5
    # The default of an argument is that of the moment in which it was imported.
    (processes.end_all.__kwdefaults__ or {})["grace_s"] = processes.GRACE_S
    if order["fault"]:
        _break_runner()
    events: list[dict[str, Any]] = []
    ending = execute(
        Path(order["private"]),
        "play.yml",
        Path(order["folder"]),
        on_event=lambda event: events.append(event.as_dict()),
        should_stop=_make_stop(Path(order["marker"]), order["disturbance"]),
    )
    sys.stdout.write(json.dumps({"events": events, "ending": asdict(ending)}))


def _make_stop(marker: Path, disturbance: str) -> Callable[[], bool]:
    acts = {"": lambda: False, "cancel": lambda: True, "leap": _leap, "kill": _kill_ansible}
    done: list[str] = []

    def should_stop() -> bool:
        if not marker.exists() or (done and disturbance != "cancel"):
            return False
        done.append(disturbance)
        return acts[disturbance]()

    return should_stop


def _break_runner() -> None:
    from ansible_runner.runner import Runner  # noqa: PLC0415 (as above)

    def fail(runner: Any) -> None:
        run(runner)
        runner.rc = None
        raise RuntimeError("at the end" * 100)

    run, Runner.run = Runner.run, fail


def _leap() -> bool:
    from ansible_runner import runner  # noqa: PLC0415 (as above)

    class Later:
        """The clock of ansible-runner, hours later."""

        @staticmethod
        def time() -> float:
            return float(now()) + _LEAP_S

    now = runner.time.time
    runner.time = Later
    return False


def _kill_ansible() -> bool:
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text("utf-8")
    os.kill(int(children), signal.SIGKILL)
    return False


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
