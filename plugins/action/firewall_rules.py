# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Confirm new rules of the firewall over a connection that had to come through them."""

from __future__ import annotations

import time
import typing as t

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase

MODULE = "quartermaster.fleet.firewall_rules"
TIMEOUT_DEFAULT_S = 60
GRACE_S = 30
"""How long after its time the host may take to roll back and to answer again."""
PAUSE_S = 1.0


class ActionModule(ActionBase):
    """Runs the module, and once more over a fresh connection if it began a trial."""

    TRANSFERS_FILES = False

    def run(
        self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None
    ) -> dict[str, t.Any]:
        """Return the module's result; it failed if the rules could not be confirmed."""
        result = super().run(tmp, task_vars)
        del tmp  # unused since Ansible 2.4
        answer = self._ask(dict(self._task.args), task_vars)
        change = (answer.get("firewall") or {}).get("change")
        if change and not answer.get("failed"):
            answer = {**answer, **self._confirm(change, answer, task_vars)}
        return {**result, **answer}

    def _confirm(
        self, change: str, answer: dict[str, t.Any], task_vars: dict[str, t.Any] | None
    ) -> dict[str, t.Any]:
        """Return what differs from the first answer once the host has decided."""
        timeout_s = int(self._task.args.get("confirm_timeout", TIMEOUT_DEFAULT_S))
        deadline = time.monotonic() + timeout_s + GRACE_S
        failure = "no fresh connection was tried"
        while time.monotonic() < deadline:
            try:
                self._reset()
                confirmation = self._ask({"state": "confirmed", "change": change}, task_vars)
            except AnsibleConnectionFailure as error:
                failure = str(error)
            else:
                if not confirmation.get("failed"):
                    return {"firewall": {**answer["firewall"], "change": None}}
                reason = str(confirmation.get("msg"))
                if confirmation.get("code") != "not_fresh":
                    return {
                        "failed": True,
                        "changed": False,
                        "code": confirmation.get("code", "failed"),
                        "msg": f"{reason}. The last failure to come in was: {failure}",
                    }
                failure = reason
            time.sleep(PAUSE_S)
        return {
            "failed": True,
            "code": "not_confirmed",
            "msg": f"the host did not answer within {timeout_s + GRACE_S} s of the change, which "
            f"its timer took back after {timeout_s} s. The last failure to come in was: {failure}",
        }

    def _reset(self) -> None:
        """Close the connection that the rules know as established."""
        reset = getattr(self._connection, "reset", None)
        if reset is not None:
            reset()

    def _ask(
        self, arguments: dict[str, t.Any], task_vars: dict[str, t.Any] | None
    ) -> dict[str, t.Any]:
        answer = self._execute_module(
            module_name=MODULE, module_args=arguments, task_vars=task_vars
        )
        return t.cast("dict[str, t.Any]", answer)
