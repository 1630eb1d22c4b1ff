# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The base of the modules that speak to the service: its options, its client and its refusals."""

from __future__ import annotations

import typing as t

from .._module import FleetModule
from .client import Client, ClientError, resolve_connection

API_OPTIONS: dict[str, dict[str, t.Any]] = {
    "url": {"type": "str"},
    "token": {"type": "str", "no_log": True},
    "timeout": {"type": "int", "default": 10},
}
"""Options of modules that speak to the service, described in the fragment `api`."""


class ServiceModule(FleetModule):
    """One resource of the service; its `options` contain API_OPTIONS."""

    def __init__(self) -> None:
        super().__init__()
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
        """Run `act` as every module; a ClientError fails with the HTTP status as its code."""
        try:
            super().run(act)
        except ClientError as error:
            self.module.fail_json(
                msg=str(error),
                code=str(error.status or "unreachable"),
                problem=error.problem,
            )
