# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A filter that finds on the controller what `wireguard_interface` would refuse on the host."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.quartermaster.fleet.plugins.module_utils._wireguard.model import (
    PORT_MAX,
    Invalid,
    check_range,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._wireguard.validation import (
    parse_options,
)
from ansible_collections.quartermaster.fleet.plugins.plugin_utils._mesh.preshared_keys import (
    find_secret_fault,
)

NUMBERS = ("listen_port", "mtu", "persistent_keepalive")


def wireguard_refusals(options: t.Mapping[str, t.Any]) -> list[str]:
    """Return a sentence for each reason to refuse options of an interface; none if it can be.

    :raises AnsibleFilterError: if the options are no dictionary.
    """
    if not isinstance(options, t.Mapping):
        raise AnsibleFilterError("wireguard_refusals: expected the options of an interface")
    reasons: list[str] = []
    numbers: dict[str, int | None] = {}
    for name in NUMBERS:
        given = options.get(name)
        try:
            numbers[name] = None if given is None else int(given)
        except (TypeError, ValueError):
            reasons.append(f"{name} {given!r} is no number")
            numbers[name] = None
    try:
        check_range("persistent_keepalive", numbers["persistent_keepalive"], 0, PORT_MAX)
    except Invalid as error:
        reasons += error.reasons
    try:
        parse_options(
            {
                "name": str(options.get("name") or ""),
                "address": options.get("address"),
                "peers": options.get("peers"),
                "listen_port": numbers["listen_port"],
                "mtu": numbers["mtu"],
            }
        )
    except Invalid as error:
        reasons += error.reasons
    fault = find_secret_fault(str(options.get("preshared_secret") or ""))
    return [*reasons, *([fault] if fault else [])]


class FilterModule:
    """The filter."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return the filter by its name."""
        return {"wireguard_refusals": wireguard_refusals}
