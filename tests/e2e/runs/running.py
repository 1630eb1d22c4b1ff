# SPDX-License-Identifier: Apache-2.0
"""A service, its worker and their database, each to be killed by itself; its nodes are local."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from inventory_service.runs.runner.processes import identify
from tests.contract.processes import QM
from tests.e2e.service.process import Process, wait_until

NODES = ("web-1", "web-2")
ENDED = frozenset(
    {"successful", "failed", "unreachable", "cancelled", "timed_out", "lost", "rejected", "expired"}
)
#: Short, so that what lost its owner is found while a test waits.
LEASE_S = 3
#: A busy machine takes its time.
WAIT_S = 180
#: Each playbook works on this machine: what is tried here is not Ansible's way to a host.
PLAYBOOKS = {
    # Named, so that its processes are found by their names, also by those of another test.
    "sleep": """
- hosts: all
  connection: local
  gather_facts: false
  tasks:
    - name: Begin
      ansible.builtin.debug:
        msg: "began {{ inventory_hostname }}"
    - name: Sleep
      ansible.builtin.shell: "sleep {{ seconds }} & sleep {{ seconds }}; wait"
    - name: End
      ansible.builtin.debug:
        msg: "ended {{ inventory_hostname }}"
""",
    "steps": """
- hosts: all
  connection: local
  gather_facts: false
  tasks:
    - name: Count
      ansible.builtin.shell: "sleep 0.3; echo step {{ item }}"
      loop: "{{ range(steps | int) | list }}"
""",
}
SURVEY = {
    "type": "object",
    "properties": {
        "seconds": {"type": "integer", "default": 987},
        "steps": {"type": "integer", "default": 4},
    },
}


class RunService:
    """A service and a worker on one database."""

    def __init__(self, folder: Path, database_url: str, **settings: str) -> None:
        self.checkout = checkout = folder / "checkout"
        (checkout / "playbooks").mkdir(parents=True)
        config = f"[defaults]\ninterpreter_python = {sys.executable}\n"
        (checkout / "ansible.cfg").write_text(config, "utf-8")
        for name, text in PLAYBOOKS.items():
            (checkout / "playbooks" / f"{name}.yml").write_text(text.lstrip(), "utf-8")
        self.run_dir = folder / "runs"
        self._settings = {
            "QM_DATABASE_URL": database_url,
            "QM_PLAYBOOKS_DIR": str(checkout),
            "QM_RUN_DIR": str(self.run_dir),
            "QM_RUN_LEASE_S": str(LEASE_S),
            "HOME": str(folder),
            **settings,
        }
        self.web = Process(folder, **self._settings)
        self.worker_log = folder / "worker.log"
        self._worker: subprocess.Popen[bytes] | None = None
        self.web.start()
        self._add_fleet()

    def start_worker(self) -> None:
        """Start the worker; it is ready when it takes a run."""
        with self.worker_log.open("ab") as log:
            self._worker = subprocess.Popen(
                [QM, "worker"],
                env={**self.web._environment, **self._settings},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill_worker(self) -> None:
        """Kill the worker, and no other process."""
        assert self._worker is not None
        self._worker.kill()
        self._worker.wait(10)

    def order(self, template: str, **answers: int) -> int:
        """Order a run; return its id."""
        answer = self.web.post("/api/v1/runs", {"template": template, "answers": answers})
        assert answer.status_code == 201, answer.text
        run_id: int = answer.json()["id"]
        return run_id

    def show(self, run_id: int) -> dict[str, Any]:
        found: dict[str, Any] = self.web.get(f"/api/v1/runs/{run_id}")
        return found

    def wait_for(self, run_id: int, *states: str) -> dict[str, Any]:
        """Wait until a run is in one of the states; return it."""
        wanted = set(states) or ENDED
        wait_until(
            lambda: self.show(run_id)["state"] in wanted,
            what=f"run {run_id}: {wanted}",
            timeout_s=WAIT_S,
        )
        return self.show(run_id)

    def wait_for_text(self, run_id: int, text: str) -> None:
        """Wait until the log of a live run has a text."""

        def is_there() -> bool:
            is_over = self.show(run_id)["state"] in ENDED
            log = self.log(run_id)
            assert text in log or not is_over, log
            return text in log

        wait_until(is_there, what=f"run {run_id}: {text}", timeout_s=WAIT_S)

    def log(self, run_id: int) -> str:
        answer = self.web.session.get(f"{self.web.url}/api/v1/runs/{run_id}/log", timeout=30)
        assert answer.ok
        return answer.text

    def find_supervisor(self) -> int:
        """Return the process id of the only supervisor."""
        found = subprocess.run(
            ["pgrep", "-f", "inventory_service.worker.supervisor"],
            capture_output=True,
            text=True,
            check=True,
        )
        ours = [pid for pid in map(int, found.stdout.split()) if self._is_ours(pid)]
        assert len(ours) == 1, ours
        return ours[0]

    def list_processes(self, words: str = "") -> list[int]:
        """Return all processes of runs whose command lines hold the words."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                lines = (folder / "environ").read_bytes().split(b"\0")
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            is_ours = f"QM_URL={self.web.url}".encode() in lines and words in command
            if is_ours and identify(int(folder.name)):
                found.append(int(folder.name))
        return found

    def stop(self) -> None:
        """End all processes, and what runs have left."""
        if self._worker is not None:
            self._worker.kill()
            self._worker.wait(10)
        self.web.kill()
        for pid in self.list_processes():
            os.kill(pid, signal.SIGKILL)

    def _is_ours(self, pid: int) -> bool:
        try:
            return f"HOME={self._settings['HOME']}".encode() in (
                Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
            )
        except OSError:
            return False

    def _add_fleet(self) -> None:
        steps: list[tuple[str, dict[str, Any]]] = [
            ("clusters", {"cluster_id": "main", "mesh_prefix": "10.90.0.0/24"})
        ]
        for number, name in enumerate(NODES, 1):
            node = {"node_id": name, "node_type": "web", "external_ip": f"192.0.2.{number}"}
            steps.append(("nodes", {**node, "cluster_id": "main"}))
            steps += [
                (f"nodes/{name}/transitions", {"state": state})
                for state in ("provisioning", "active")
            ]
        for name in PLAYBOOKS:
            body = {"template": name, "playbook": f"playbooks/{name}.yml", "survey": SURVEY}
            steps.append(("templates", body))
        for path, body in steps:
            answer = self.web.post(f"/api/v1/{path}", body)
            assert answer.ok, answer.text
