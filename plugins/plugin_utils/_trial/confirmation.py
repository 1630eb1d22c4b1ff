# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Confirm a change of a host over a connection that had to come through it."""

from __future__ import annotations

import time
import typing as t

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase

TIMEOUT_DEFAULT_S = 60
GRACE_S = 30
"""How long after its time the host may take to roll back and to answer again."""
PAUSE_S = 1.0
PAUSE_MAX_S = 16.0
"""Pauses double: a host may count failures to log in, and refuse who has too many of them."""


class ConfirmingAction(ActionBase):
    """Runs a module, and once more over a fresh connection if it began a trial."""

    TRANSFERS_FILES = False
    module: t.ClassVar[str]
    represent: t.ClassVar[str]
    """The key of the module's result under which it names the trial as `change`."""

    def run(
        self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None
    ) -> dict[str, t.Any]:
        """Return the module's result; it failed if the change could not be confirmed."""
        result = super().run(tmp, task_vars)
        del tmp  # unused since Ansible 2.4
        answer = self._ask(dict(self._task.args), task_vars)
        change = (answer.get(self.represent) or {}).get("change")
        if change and not answer.get("failed"):
            answer = {**answer, **self._confirm(change, answer, task_vars)}
        return {**result, **answer}

    def _confirm(
        self, change: str, answer: dict[str, t.Any], task_vars: dict[str, t.Any] | None
    ) -> dict[str, t.Any]:
        """Return what differs from the first answer once the host has decided."""
        timeout_s = int(self._task.args.get("confirm_timeout", TIMEOUT_DEFAULT_S))
        deadline = time.monotonic() + timeout_s + GRACE_S
        pause_s, failure = PAUSE_S, "no fresh connection was tried"
        while time.monotonic() < deadline:
            confirmation = self._try_confirmation(change, task_vars)
            if not confirmation.get("failed"):
                return {self.represent: {**answer[self.represent], "change": None}}
            reason = _find_reason(confirmation)
            if confirmation.get("code") == "rolled_back":
                return {
                    "failed": True,
                    "changed": False,
                    "code": "rolled_back",
                    "msg": f"{reason}. The last failure to come in was: {failure}",
                }
            failure = reason
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, PAUSE_MAX_S)
        return {
            "failed": True,
            "code": "not_confirmed",
            "msg": f"the host did not answer within {timeout_s + GRACE_S} s of the change, which "
            f"its timer took back after {timeout_s} s. The last failure to come in was: {failure}",
        }

    def _try_confirmation(
        self, change: str, task_vars: dict[str, t.Any] | None
    ) -> dict[str, t.Any]:
        """Return the module's answer over a fresh connection, which may not come about.

        A new connection becomes root anew as well: what the change refuses is an error of Ansible.
        """
        try:
            self._reset()
            return self._ask({"state": "confirmed", "change": change}, task_vars)
        except AnsibleError as error:
            return {"failed": True, "msg": str(error)}

    def _reset(self) -> None:
        """Close the connection that was there before the change."""
        reset = getattr(self._connection, "reset", None)
        if reset is not None:
            reset()

    def _ask(
        self, arguments: dict[str, t.Any], task_vars: dict[str, t.Any] | None
    ) -> dict[str, t.Any]:
        answer = self._execute_module(
            module_name=self.module, module_args=arguments, task_vars=task_vars
        )
        return t.cast("dict[str, t.Any]", answer)


def _find_reason(answer: dict[str, t.Any]) -> str:
    """Return why a module failed: its message, and how it ended if it could write no result."""
    printed = str(answer.get("module_stderr") or "").strip().splitlines()
    words = [str(answer.get("msg") or "").strip(), *printed[-1:]]
    return ": ".join(word for word in words if word) or "it gave no reason"
