# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The base of every module: options, check mode, --diff, failures and the result."""

from __future__ import annotations

import abc
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ._host.secret_files import InsecureFile
from ._service.client import Client, ClientError, resolve_connection

API_OPTIONS: dict[str, dict[str, t.Any]] = {
    "url": {"type": "str"},
    "token": {"type": "str", "no_log": True},
    "timeout": {"type": "int", "default": 10},
}
"""Options of modules that speak to the service, described in the fragment `api`."""


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
    """

    represent: t.ClassVar[str]
    """The key of the result under which the resource is returned."""
    options: t.Mapping[str, dict[str, t.Any]] = {}
    """The argument spec, without the options of the service."""
    rules: t.ClassVar[dict[str, t.Any]] = {}
    """Further arguments of AnsibleModule, as required_if."""
    uses_api: t.ClassVar[bool] = False
    make_module: t.ClassVar[t.Callable[..., t.Any]] = AnsibleModule
    """What takes the arguments and ends the module; an action plugin puts its own here."""

    def __init__(self) -> None:
        spec = {**(API_OPTIONS if self.uses_api else {}), **self.options}
        self.module = type(self).make_module(
            argument_spec=spec, supports_check_mode=True, **self.rules
        )
        self.params: dict[str, t.Any] = self.module.params
        self.check_mode: bool = self.module.check_mode
        self.changed = False
        self.extra_results: dict[str, t.Any] = {}
        """Further keys of the result, as `changes`."""
        self._diff: dict[str, t.Any] | None = None
        self._client: Client | None = None

    @property
    def client(self) -> Client:
        """The client of the service, from the options, the environment or the profile.

        :raises ClientError: if none of them gives a usable address and token.
        """
        if self._client is None:
            url, token = resolve_connection(self.params["url"], self.params["token"])
            self._client = Client(url, token, timeout_s=self.params["timeout"])
        return self._client

    def run(self, act: t.Callable[[], None]) -> None:
        """Run `act`, then exit with the result, or with the reason of the failure.

        An InsecureFile fails with code `unsafe_file`, an OSError with `os_error`, a ClientError
        with the HTTP status.
        """
        try:
            act()
            result = self._prepare_result()
        except ClientError as error:
            self.module.fail_json(
                msg=str(error),
                code=str(error.status or "unreachable"),
                problem=error.problem,
            )
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
