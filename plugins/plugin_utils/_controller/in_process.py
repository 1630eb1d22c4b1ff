# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a module on the controller within the process that Ansible has made for the task."""

from __future__ import annotations

import functools
import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.plugins.action import ActionBase

if t.TYPE_CHECKING:
    from ansible_collections.quartermaster.fleet.plugins.module_utils._module import FleetModule


class InProcessAction(ActionBase):
    """Runs a module that speaks to the service.

    A module of its own would be packed, and a Python started for it, which costs the controller
    more than the request. Elsewhere than on the controller the module runs as usual.
    """

    TRANSFERS_FILES = False
    module: t.ClassVar[str]
    subject: t.ClassVar[type[FleetModule]]
    act: t.ClassVar[str]
    """The method of the subject that does the work."""

    def run(
        self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None
    ) -> dict[str, t.Any]:
        """Return the module's result."""
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        del tmp  # unused since Ansible 2.4
        if self._is_here():
            return {**result, **self._run_here()}
        answer = self._execute_module(module_name=self.module, task_vars=task_vars)
        return {**result, **answer}

    def _is_here(self) -> bool:
        """Return whether the module would run on the controller, as the same account."""
        keywords = (self._task.environment, self._task.async_val)
        is_plain = not any(any(word) if isinstance(word, list) else word for word in keywords)
        become = getattr(self._connection, "become", None)
        return self._connection.transport == "local" and become is None and is_plain

    def _run_here(self) -> dict[str, t.Any]:
        make = functools.partial(_Module, self._task)
        subject = type(self.subject.__name__, (self.subject,), {"make_module": staticmethod(make)})
        try:
            here = subject()
            here.run(getattr(here, self.act))
        except _Ended as end:
            return end.result
        raise AssertionError(f"{self.module} ended without a result")


class _Ended(Exception):
    """A module has its result."""

    def __init__(self, result: dict[str, t.Any]) -> None:
        super().__init__()
        self.result = result


class _Module:
    """What AnsibleModule is to a module: arguments, modes, and two ways to end."""

    def __init__(
        self,
        task: t.Any,
        *,
        argument_spec: dict[str, dict[str, t.Any]],
        supports_check_mode: bool,
        **rules: t.Any,
    ) -> None:
        del supports_check_mode  # all of ours do
        validated = ArgumentSpecValidator(argument_spec, **rules).validate(dict(task.args))
        self.params = validated.validated_parameters
        self.check_mode = bool(task.check_mode)
        self._diff = bool(task.diff)
        self._secrets = {
            str(self.params[name])
            for name, spec in argument_spec.items()
            if spec.get("no_log") and self.params.get(name)
        }
        if validated.error_messages:
            self.fail_json(msg="; ".join(validated.error_messages))

    def exit_json(self, **result: t.Any) -> t.NoReturn:
        """End the module well."""
        raise _Ended(t.cast("dict[str, t.Any]", remove_values(result, self._secrets)))

    def fail_json(self, **result: t.Any) -> t.NoReturn:
        """End the module with the reason of its failure."""
        self.exit_json(failed=True, **result)
