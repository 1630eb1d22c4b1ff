# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A filter that names everything for which the role `common` refuses a host, all at once."""

from __future__ import annotations

import json
import re
import typing as t

from ansible.errors import AnsibleFilterError

LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
LINE = r"[^\r\n]+"
FORMS = {
    "common_hostname": (rf"{LABEL}(\.{LABEL})*", "a host name (RFC 1123)"),
    "common_journald_max_use": (r"[1-9][0-9]*[KMGT]", "a size, as 500M"),
    "common_journald_max_retention": (
        r"[1-9][0-9]*(s|min|h|day|week|month|year)",
        "a time span, as 30day",
    ),
    "common_upgrades_reboot_time": (r"([01][0-9]|2[0-3]):[0-5][0-9]", "a time of day, as 02:00"),
}
"""Variables of one value: its form, and what it is called in a refusal."""
LISTS = {
    "common_time_servers": (r"[A-Za-z0-9:][A-Za-z0-9.:-]*", "host names and addresses"),
    "common_upgrades_origins": (r'[^"\r\n]+', "patterns of one line without quotes"),
    "common_upgrades_blocked_packages": (r"[a-z0-9^][a-z0-9+.*$-]*", "package names"),
}
SYSCTL_KEY = r"[a-z0-9_]+([./][A-Za-z0-9_-]+)+"
HOSTNAME_MAX = 64
"""Linux, HOST_NAME_MAX."""
CONFIGURABLE = ("systemd-timesyncd", "chrony")


def common_refusals(
    variables: t.Mapping[str, t.Any],
    host: t.Mapping[str, t.Any],
    time_service: str,
    units: t.Mapping[str, str],
) -> list[str]:
    """Return a sentence for each reason to refuse a host; none if there are no objections.

    `variables` are those of the role, `host` is what host_info found, `time_service` keeps the
    clock, and `units` are those that shall run, each with what else could be done if it cannot.

    :raises AnsibleFilterError: if variables or host are no dictionaries.
    """
    if not isinstance(variables, t.Mapping) or not isinstance(host, t.Mapping):
        raise AnsibleFilterError("common_refusals: expected the role's variables and the host")
    return [
        *_find_wrong_values(variables),
        *_find_wrong_host(str(variables["common_hostname"]), host),
        *_find_masked(host, units),
        *_find_wrong_servers(variables["common_time_servers"], time_service),
    ]


def _find_wrong_values(variables: t.Mapping[str, t.Any]) -> t.Iterator[str]:
    for name, (form, takes) in FORMS.items():
        if not re.fullmatch(form, str(variables[name])):
            yield f"{name}: {json.dumps(str(variables[name]))} is refused: it takes {takes}"
    if len(str(variables["common_hostname"])) > HOSTNAME_MAX:
        yield f"common_hostname is refused: a host name has at most {HOSTNAME_MAX} characters"
    sysctl = variables["common_sysctl"]
    for name, given, (form, takes) in (
        *((name, variables[name], rule) for name, rule in LISTS.items()),
        ("common_sysctl", sysctl.keys(), (SYSCTL_KEY, "kernel settings")),
        ("common_sysctl", sysctl.values(), (LINE, "values of one line")),
    ):
        wrong = [str(value) for value in given if not re.fullmatch(form, str(value))]
        if wrong:
            yield f"{name}: {json.dumps(wrong)} is refused: it takes {takes}"


def _find_wrong_host(name: str, host: t.Mapping[str, t.Any]) -> t.Iterator[str]:
    if "debian" not in host["family"]:
        yield f"the role common knows Debian and Ubuntu; this host runs {host['distribution']}"
    if host["is_container"] and host["name"] != name:
        yield (
            f"common_hostname: {name} is refused: the container engine gave this host the name "
            f"{host['name']} at its creation, and it cannot change"
        )


def _find_masked(host: t.Mapping[str, t.Any], units: t.Mapping[str, str]) -> t.Iterator[str]:
    for unit, remedy in units.items():
        if host["units"].get(unit, {}).get("is_masked"):
            yield f"{unit} is masked on this host: run `systemctl unmask {unit}`, or {remedy}"


def _find_wrong_servers(servers: t.Sequence[str], time_service: str) -> t.Iterator[str]:
    if servers and time_service not in CONFIGURABLE:
        yield (
            f"common_time_servers: {time_service} keeps the clock of this host, and the role "
            "cannot configure it; leave common_time_servers empty, or set common_time_service to "
            f"{' or '.join(CONFIGURABLE)}, which replaces it"
        )


class FilterModule:
    """The filter."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return the filter by its name."""
        return {"common_refusals": common_refusals}
