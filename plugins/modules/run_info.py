# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""List runs of the service."""

from __future__ import annotations

DOCUMENTATION = r"""
module: run_info
short_description: List runs of the service
version_added: 0.1.0
description:
  - Returns one run, or the newest ones that fit all given filters; of the values of one filter,
    any fits.
author:
  - The Quartermaster maintainers (@quartermaster)
options:
  run_id:
    description: Only the run of this number.
    type: int
  template:
    description: Only runs of these templates.
    type: list
    elements: str
  state:
    description: Only runs in these states.
    type: list
    elements: str
    choices:
      - pending
      - blocked
      - awaiting_approval
      - queued
      - starting
      - running
      - cancelling
      - successful
      - failed
      - unreachable
      - cancelled
      - timed_out
      - lost
      - rejected
      - expired
  max_runs:
    description: At most so many runs, from 1 to 1000.
    type: int
    default: 50
  include:
    description:
      - What each run has as well; it costs one request for each run and word.
      - V(hosts) adds C(host_results), how many tasks had which result on each host.
      - V(tasks) adds C(tasks), when each task began and ended.
      - V(log) adds C(log), the last lines of what Ansible printed.
    type: list
    elements: str
    choices: [hosts, tasks, log]
    default: []
  log_lines:
    description: How many lines of each log are returned at most; V(0) for all of them.
    type: int
    default: 1000
extends_documentation_fragment:
  - quartermaster.fleet.api
attributes:
  action:
    description: On the controller, as its own account, it runs without a process of its own.
    support: full
  check_mode:
    description: Changes nothing, in check mode or out of it.
    support: full
  diff_mode:
    description: Changes nothing, so that there is no diff.
    support: none
seealso:
  - module: quartermaster.fleet.run
"""

EXAMPLES = r"""
- name: Find the runs of site that failed
  quartermaster.fleet.run_info:
    template: [site]
    state: [failed, unreachable, lost]
    max_runs: 10
  delegate_to: localhost
  register: failures

- name: Read what the last of them did on each host
  quartermaster.fleet.run_info:
    run_id: "{{ failures.runs[0].id }}"
    include: [hosts, log]
  delegate_to: localhost
  register: failure
  when: failures.runs | length > 0
"""

RETURN = r"""
runs:
  description: The runs, the newest first; empty if none fits.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The number of the run.
      type: int
      returned: always
      sample: 12
    template:
      description: What was run.
      type: str
      returned: always
      sample: site
    state:
      description: How far it is, or how it ended.
      type: str
      returned: always
      sample: failed
    state_reason:
      description: Why it waits, or how it came to its end.
      type: str
      returned: always
    results:
      description: How many hosts have which result.
      type: dict
      returned: always
      sample: {failed: 1, ok: 2}
    hosts:
      description: The names of its hosts.
      type: list
      elements: str
      returned: with O(run_id)
    host_results:
      description: How many tasks had which result on each host, by name.
      type: list
      elements: dict
      returned: with O(include=hosts)
    tasks:
      description: When each task began and ended, and on how many hosts it had which result.
      type: list
      elements: dict
      returned: with O(include=tasks)
    log:
      description: The last lines of the log, without secrets.
      type: list
      elements: str
      returned: with O(include=log)
code:
  description: Why it failed, as HTTP status of the service, or V(unreachable).
  returned: failure
  type: str
  sample: "401"
problem:
  description: The problem document of the service (RFC 9457).
  returned: failure
  type: dict
"""

import typing as t

from ansible_collections.quartermaster.fleet.plugins.module_utils._service.client import (
    ClientError,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._service.module import (
    API_OPTIONS,
    ServiceModule,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._service.runs import (
    ENDED,
    NOT_ENDED,
    RUNS,
    path_of,
)

REPORTS = {"hosts": "host_results", "tasks": "tasks"}
"""Under which name a run has what the service reports of it."""


class RunInfo(ServiceModule):
    """What the service knows of some runs."""

    represent = "runs"
    options: t.ClassVar[dict[str, dict[str, t.Any]]] = {
        **API_OPTIONS,
        "run_id": {"type": "int"},
        "template": {"type": "list", "elements": "str"},
        "state": {"type": "list", "elements": "str", "choices": [*NOT_ENDED, *ENDED]},
        "max_runs": {"type": "int", "default": 50},
        "include": {
            "type": "list",
            "elements": "str",
            "choices": ["hosts", "tasks", "log"],
            "default": [],
        },
        "log_lines": {"type": "int", "default": 1000},
    }

    def __init__(self) -> None:
        super().__init__()
        self.runs: list[dict[str, t.Any]] = []

    def read(self) -> None:
        """Fetch the runs that fit, each with what is to be included."""
        self.runs = self._read_one() if self.params["run_id"] is not None else self._read_newest()
        for run in self.runs:
            for kind in self.params["include"]:
                if kind == "log":
                    run["log"] = self._read_log(run["id"])
                else:
                    found = self.client.json("GET", path_of(run["id"], kind))
                    run[REPORTS[kind]] = found["items"]

    def _prepare_result(self) -> list[dict[str, t.Any]]:
        return self.runs

    def _read_newest(self) -> list[dict[str, t.Any]]:
        query = {"limit": self.params["max_runs"], **self._filters()}
        return t.cast("list[dict[str, t.Any]]", self.client.json("GET", RUNS, query=query)["items"])

    def _read_one(self) -> list[dict[str, t.Any]]:
        try:
            run = self.client.json("GET", path_of(self.params["run_id"]))
        except ClientError as error:
            # Without a problem document the 404 is not from the service: the url is wrong.
            if error.status == 404 and error.problem:  # noqa: PLR2004 - HTTP's own number
                return []
            raise
        fits = all(run[name] in values for name, values in self._filters().items())
        return [run] if fits else []

    def _filters(self) -> dict[str, list[str]]:
        return {name: self.params[name] for name in ("template", "state") if self.params[name]}

    def _read_log(self, run_id: int) -> list[str]:
        answer = self.client.get(path_of(run_id, "log"), accept="text/plain")
        lines = answer.body.decode("utf-8", "replace").splitlines()
        return lines[-self.params["log_lines"] :] if self.params["log_lines"] else lines


def main() -> None:
    """Return the runs."""
    subject = RunInfo()
    subject.run(subject.read)


if __name__ == "__main__":
    main()
