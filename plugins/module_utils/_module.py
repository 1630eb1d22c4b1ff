# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The base of every module: options, check mode, --diff, failures and the result."""

from __future__ import annotations

import abc
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ._host.secret_files import InsecureFile


class Failure(Exception):
    """Why a module failed: subject, reason, next step; `code` is for failed_when."""

    def __init__(self, message: str, code: str = "failed", **details: t.Any) -> None:
        super().__init__(message)
        self.code = code
        self.details = details


class FleetModule(abc.ABC):
    """One resource that a module brings into its wanted state.

    A module derives from it, names its result in `represent`, declares `options`, and defines
    `present`, `absent` (where they apply) and `_prepare_result`. Each write goes through
    `_change`, so that check mode cannot be forgotten. `main` only chooses::

        subject = Node()
        subject.run(subject.absent if subject.params["state"] == "absent" else subject.present)

    One that speaks to the service derives from `_service.module.ServiceModule` instead: Ansible
    packs and sends all that a module imports, and the client is of no use on other hosts.
    """

    represent: t.ClassVar[str]
    """The key of the result under which the resource is returned."""
    options: t.Mapping[str, dict[str, t.Any]] = {}
    """The argument spec."""
    rules: t.ClassVar[dict[str, t.Any]] = {}
    """Further arguments of AnsibleModule, as required_if."""
    make_module: t.ClassVar[t.Callable[..., t.Any]] = AnsibleModule
    """What takes the arguments and ends the module; an action plugin puts its own here."""

    def __init__(self) -> None:
        self.module = type(self).make_module(
            argument_spec=dict(self.options), supports_check_mode=True, **self.rules
        )
        self.params: dict[str, t.Any] = self.module.params
        self.check_mode: bool = self.module.check_mode
        self.changed = False
        self.extra_results: dict[str, t.Any] = {}
        """Further keys of the result, as `changes`."""
        self._diff: dict[str, t.Any] | None = None

    def run(self, act: t.Callable[[], None]) -> None:
        """Run `act`, then exit with the result, or with the reason of the failure.

        An InsecureFile fails with code `unsafe_file`, an OSError with `os_error`.
        """
        try:
            act()
            result = self._prepare_result()
        except InsecureFile as error:
            self.module.fail_json(msg=str(error), code="unsafe_file")
        except Failure as error:
            self.module.fail_json(msg=str(error), code=error.code, **error.details)
        except OSError as error:
            # As a full disk: without this, Ansible would show a traceback and no reason.
            self.module.fail_json(msg=str(error), code="os_error")
        else:
            self.module.exit_json(**self._assemble(result))

    @abc.abstractmethod
    def _prepare_result(self) -> t.Any:
        """Return the resource: as it is now, in check mode as it would be."""

    def _change(self, write: t.Callable[..., t.Any], *args: t.Any, **kwargs: t.Any) -> t.Any:
        """Report a change and call `write`; in check mode call nothing and return None."""
        self.changed = True
        if self.check_mode:
            return None
        return write(*args, **kwargs)

    def _show_diff(self, before: t.Any, after: t.Any, header: str = "") -> None:
        """Keep what --diff shows: text, or data as sorted JSON. Never hand in a secret."""
        self._diff = {"before": before, "after": after}
        if header:
            self._diff.update(before_header=header, after_header=header)

    def _assemble(self, result: t.Any) -> dict[str, t.Any]:
        answer = {"changed": self.changed, self.represent: result, **self.extra_results}
        shown = self.module._diff  # noqa: SLF001 - Ansible's own name for --diff
        if shown and self._diff is not None and self.changed:
            answer["diff"] = self._diff
        return answer
