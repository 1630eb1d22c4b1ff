# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Order a run of a playbook from the service, relaunch or cancel one, and wait for its end."""

from __future__ import annotations

DOCUMENTATION = r"""
module: run
short_description: Order, relaunch and cancel runs of the service
version_added: 0.1.0
description:
  - Orders a run of a template of the service, and waits for its end.
  - The service records the run with who ordered it and why, a worker carries it out, and the run
    goes on if this playbook is interrupted meanwhile.
  - An order is sent with a key of its own, so that a request which has to be repeated orders one
    run.
author:
  - The Quartermaster maintainers (@quartermaster)
options:
  state:
    description:
      - V(present) orders a new run each time; a run is an act, and nothing makes two of them one.
      - V(cancelled) cancels the run O(run_id), unless it has ended. How it ended is no failure
        then.
      - V(relaunched) orders the run O(run_id) once more, with the input that was stored.
      - An option that does not belong to the state is refused.
    type: str
    choices: [present, cancelled, relaunched]
    default: present
  template:
    description: What to run; C(qm template list) lists the templates.
    type: str
  run_id:
    description: The number of the run that is to be cancelled or relaunched.
    type: int
  limit:
    description:
      - Names of nodes and groups, with C(*) and C(?), and C(!) before those to leave out,
        separated by commas.
      - It is resolved when the run is ordered; a pattern that matches no node that the template
        allows is an error.
    type: str
  tags:
    description: Only tasks with these tags. If the template has tags, an order chooses among
      these.
    type: list
    elements: str
  skip_tags:
    description: No tasks with these tags, beside those of the template.
    type: list
    elements: str
  check:
    description:
      - The run changes nothing, and reports what would change.
      - It is a setting of the run. In check mode of this playbook itself nothing is ordered.
    type: bool
  diff:
    description: The run shows what changes in files.
    type: bool
  slices:
    description:
      - Into how many slices the run is split over its hosts, which are runs of their own and work
        at once; V(1) for none. Without it, as many as the template has.
    type: int
  force_slices:
    description: Slices the run although its playbook has tasks that concern all hosts at once.
    type: bool
  answers:
    description:
      - Answers to the questions of the template.
      - The service keeps secret ones encrypted, and shows them to nobody; use C(no_log) for a task
        that has one.
    type: dict
  hosts:
    description: Which hosts a relaunched run has; V(failed) are those that failed or were
      unreachable. Without it, V(all).
    type: str
    choices: [all, failed]
  reason:
    description: Why; it is kept in the records of the service.
    type: str
  wait:
    description: Whether to wait for the end of the run.
    type: bool
    default: true
  timeout_s:
    description:
      - Seconds to wait for the end, the time until a worker takes the run included. The task fails
        if the run has not ended then.
      - Without it, the task waits as long as it takes. The template limits how long a run works.
    type: int
  cancel_on_timeout:
    description: Whether a run that has not ended in O(timeout_s) is cancelled. Otherwise it goes
      on.
    type: bool
    default: false
  ignore_state:
    description: Whether the task succeeds however the run ends.
    type: bool
    default: false
extends_documentation_fragment:
  - quartermaster.fleet.api
attributes:
  action:
    description:
      - On the controller, as its own account, it runs without a process of its own, and shows the
        state and the task of the run while it waits.
      - Elsewhere Ansible shows nothing before the end.
    support: full
  check_mode:
    description:
      - Orders and cancels nothing, and returns the run as it would be ordered.
      - The service checks the order as if it were given, and refuses what it would refuse.
    support: full
  diff_mode:
    description: What a run changes is in its log, with O(diff=true).
    support: none
notes:
  - A playbook that is a run itself holds its hosts. A run that it orders and waits for must have
    other ones, or each waits for the other.
seealso:
  - module: quartermaster.fleet.run_info
"""

EXAMPLES = r"""
- name: The web nodes are as the playbooks want them
  quartermaster.fleet.run:
    template: site
    limit: web-*,!web-3
    reason: the new certificate
    timeout_s: 1800
  delegate_to: localhost

- name: See what would change, and go on however the run ends
  quartermaster.fleet.run:
    template: site
    check: true
    diff: true
    ignore_state: true
  delegate_to: localhost
  register: preview

- name: The version is released
  quartermaster.fleet.run:
    template: deploy
    answers:
      version: 1.4.2
  delegate_to: localhost

- name: Order a run, and do other work meanwhile
  quartermaster.fleet.run:
    template: verify
    wait: false
  delegate_to: localhost
  register: ordered

- name: The run is cancelled
  quartermaster.fleet.run:
    state: cancelled
    run_id: "{{ ordered.run.id }}"
    reason: it is not needed any more
  delegate_to: localhost

- name: The hosts that failed are tried once more
  quartermaster.fleet.run:
    state: relaunched
    run_id: "{{ preview.run.id }}"
    hosts: failed
  delegate_to: localhost
  when: preview.run.state != 'successful'
"""

RETURN = r"""
run:
  description:
    - The run as the service holds it, with the names of its hosts.
    - In check mode, what is known before it is recorded.
  returned: when there is a run
  type: dict
  sample:
    id: 12
    template: site
    playbook: quartermaster.fleet.site
    state: successful
    state_reason: null
    limit: web-*
    hosts: [web-1, web-2]
    host_count: 2
    results: {changed: 1, ok: 1}
log:
  description: The last lines of the log of the run.
  returned: when it was waited for
  type: list
  elements: str
code:
  description:
    - Why it failed. The state of a run that did not end well, as V(failed) or V(lost).
    - V(still_going) if the run had not ended in time, V(refused) if the order makes no sense.
    - Otherwise the HTTP status of the service, or V(unreachable).
  returned: failure
  type: str
  sample: lost
problem:
  description: The problem document of the service (RFC 9457).
  returned: failure
  type: dict
"""

import typing as t
import uuid

from ansible_collections.quartermaster.fleet.plugins.module_utils._module import Failure
from ansible_collections.quartermaster.fleet.plugins.module_utils._service.client import (
    ClientError,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._service.module import (
    API_OPTIONS,
    ServiceModule,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._service.runs import (
    ENDED,
    RUNS,
    SUCCESSFUL,
    RunWatch,
    path_of,
)

ORDER = (
    "template",
    "limit",
    "tags",
    "skip_tags",
    "check",
    "diff",
    "slices",
    "force_slices",
    "answers",
)
FOREIGN = {
    "present": ("run_id", "hosts"),
    "cancelled": (*ORDER, "hosts"),
    "relaunched": ORDER,
}
"""Options that do not belong to a state."""
CANCELLING_S = 60
"""How long to wait for the end of a run that was cancelled since it took too long."""


class Run(ServiceModule):
    """One run of the service."""

    represent = "run"
    options: t.ClassVar[dict[str, dict[str, t.Any]]] = {
        **API_OPTIONS,
        "state": {
            "type": "str",
            "choices": ["present", "cancelled", "relaunched"],
            "default": "present",
        },
        "template": {"type": "str"},
        "run_id": {"type": "int"},
        "limit": {"type": "str"},
        "tags": {"type": "list", "elements": "str"},
        "skip_tags": {"type": "list", "elements": "str"},
        "check": {"type": "bool"},
        "diff": {"type": "bool"},
        "slices": {"type": "int"},
        "force_slices": {"type": "bool"},
        "answers": {"type": "dict"},
        "hosts": {"type": "str", "choices": ["all", "failed"]},
        "reason": {"type": "str"},
        "wait": {"type": "bool", "default": True},
        "timeout_s": {"type": "int"},
        "cancel_on_timeout": {"type": "bool", "default": False},
        "ignore_state": {"type": "bool", "default": False},
    }
    rules: t.ClassVar[dict[str, t.Any]] = {
        "required_if": [
            ("state", "present", ["template"]),
            ("state", "cancelled", ["run_id"]),
            ("state", "relaunched", ["run_id"]),
            ("cancel_on_timeout", True, ["timeout_s"]),
        ],
    }

    def __init__(self) -> None:
        super().__init__()
        self.record: dict[str, t.Any] = {}

    def show(self, news: str) -> None:
        """Show a line at once; a module in a process of its own can't."""

    def reach(self) -> None:
        """Order, cancel or relaunch, and wait for the end."""
        state = self.params["state"]
        foreign = [name for name in FOREIGN[state] if self.params[name] is not None]
        if foreign:
            raise Failure(f"{', '.join(foreign)}: not for state {state}.", code="refused")
        acts = {
            "present": self.present,
            "cancelled": self.cancelled,
            "relaunched": self.relaunched,
        }
        acts[state]()

    def present(self) -> None:
        """Order a run, and wait until it has ended well."""
        order = {name: self.params[name] for name in ORDER if self.params[name] is not None}
        made = self._change(self._order, RUNS, {**order, **self._reason()})
        self.record = made or self._preview(f"{RUNS}/preview", order)
        self._go_on(wants_success=True)

    def relaunched(self) -> None:
        """Order a run once more, and wait until it has ended well."""
        run_id, hosts = self.params["run_id"], self.params["hosts"] or "all"
        body = {"hosts": hosts, **self._reason()}
        made = self._change(self._order, path_of(run_id, "relaunch"), body)
        self.record = made or self._preview(
            path_of(run_id, "relaunch", "preview"), {"hosts": hosts}
        )
        self._go_on(wants_success=True)

    def cancelled(self) -> None:
        """Cancel a run that has not ended, and wait until none of its processes is left."""
        self.record = self._get()
        if self.record["state"] in ENDED:
            return
        if self.record["state"] != "cancelling":
            self._cancel(self._reason())
        self._go_on(wants_success=False)

    def _prepare_result(self) -> dict[str, t.Any]:
        return self.record

    def _order(self, path: str, body: dict[str, t.Any]) -> t.Any:
        return self.client.json("POST", path, body, key=str(uuid.uuid4()))

    def _preview(self, path: str, body: dict[str, t.Any]) -> t.Any:
        return self.client.json("POST", path, body)

    def _get(self) -> dict[str, t.Any]:
        run_id = self.record.get("id", self.params["run_id"])
        return t.cast("dict[str, t.Any]", self.client.json("GET", path_of(run_id)))

    def _cancel(self, body: dict[str, str]) -> None:
        path, had_changed = path_of(self.record["id"], "cancellation"), self.changed
        try:
            made = self._change(self.client.json, "POST", path, body)
        except ClientError as error:
            if error.status != 409:  # noqa: PLR2004 - HTTP's own number
                raise
            # It ended by itself meanwhile.
            self.changed, made = had_changed, None
        self.record.update(made or ({"state": "cancelled"} if self.check_mode else {}))

    def _go_on(self, *, wants_success: bool) -> None:
        """Wait for the end of the run if that is wanted, and judge it."""
        if self.check_mode:
            return
        watch = RunWatch(self.client, self.record, timeout_s=self.params["timeout"], show=self.show)
        self.record = watch.run
        try:
            self.record.update(self._get())
            if not self.params["wait"]:
                return
            has_ended = self._wait(watch)
        except ClientError as error:
            # It is ordered, so that its number is worth more than the plain refusal.
            code = str(error.status or "unreachable")
            what = f"could not be watched to its end: {error}"
            raise self._fail(what, code, watch, problem=error.problem) from error
        self.extra_results["log"] = watch.tail
        self._judge(watch, has_ended=has_ended, wants_success=wants_success)

    def _judge(self, watch: RunWatch, *, has_ended: bool, wants_success: bool) -> None:
        state, why = self.record["state"], self.record["state_reason"]
        reason = f": {why}" if why else ""
        if not has_ended:
            what = f"is {state}, and had not ended after {self.params['timeout_s']} s{reason}"
            raise self._fail(what, "still_going", watch)
        if wants_success and state != SUCCESSFUL and not self.params["ignore_state"]:
            raise self._fail(f"is {state}{reason}", state, watch)

    def _wait(self, watch: RunWatch) -> bool:
        """Return whether the run ended by itself."""
        limit_s = self.params["timeout_s"]
        if watch.follow(limit_s):
            return True
        if not self.params["cancel_on_timeout"]:
            return False
        self._cancel({"reason": f"it had not ended after {limit_s} s"})
        return watch.follow(CANCELLING_S) and self.record["state"] != "cancelled"

    def _fail(self, what: str, code: str, watch: RunWatch, **more: t.Any) -> Failure:
        message = f"Run {self.record['id']} of {self.record['template']} {what}"
        return Failure(
            f"{message.rstrip('.')}. `qm run show {self.record['id']}` shows it whole.",
            code=code,
            changed=self.changed,
            run=self.record,
            log=watch.tail,
            **more,
        )

    def _reason(self) -> dict[str, str]:
        return {"reason": self.params["reason"]} if self.params["reason"] else {}


def main() -> None:
    """Order, cancel or relaunch a run."""
    subject = Run()
    subject.run(subject.reach)


if __name__ == "__main__":
    main()
