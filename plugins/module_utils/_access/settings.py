# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The settings of sshd that a host should have, as lines of sshd_config(5)."""

from __future__ import annotations

import re
import typing as t

BASELINE = {
    "PubkeyAuthentication": "yes",
    "PasswordAuthentication": "no",
    "KbdInteractiveAuthentication": "no",
    "PermitEmptyPasswords": "no",
    "HostbasedAuthentication": "no",
    "PermitUserEnvironment": "no",
    "StrictModes": "yes",
}
"""What nobody may change."""
DEFAULTS = {
    "AllowAgentForwarding": "no",
    "ClientAliveCountMax": "2",
    "ClientAliveInterval": "300",
    "LoginGraceTime": "30",
    "LogLevel": "VERBOSE",
    "MaxAuthTries": "4",
    "X11Forwarding": "no",
}
RESERVED = {"allowusers", "include", "match", "permitrootlogin"} | {
    keyword.lower() for keyword in BASELINE
}
HEADER = "# Written by quartermaster.fleet.host_access: what is changed here is lost.\n"
KEYWORD = re.compile(r"[A-Za-z][A-Za-z0-9]*")
PATTERN = re.compile(r"[^\s\"#]+")


def render(options: t.Mapping[str, t.Any], permit_root_login: str, allow_users: t.Any) -> str:
    """Return the drop-in file of sshd."""
    lines = [f"{keyword} {value}" for keyword, value in BASELINE.items()]
    lines.append(f"PermitRootLogin {permit_root_login}")
    if allow_users:
        lines.append(f"AllowUsers {' '.join(allow_users)}")
    chosen = {keyword.lower() for keyword in options}
    lines += [f"{key} {value}" for key, value in DEFAULTS.items() if key.lower() not in chosen]
    for keyword in sorted(options):
        lines += [f"{keyword} {value}" for value in values_of(options[keyword])]
    return HEADER + "".join(f"{line}\n" for line in lines)


def values_of(value: t.Any) -> list[str]:
    """Return an option's values as sshd writes them: YAML's own no is a `no`."""
    if isinstance(value, bool):
        return ["yes" if value else "no"]
    if isinstance(value, (list, tuple)):
        return [text for item in value for text in values_of(item)]
    return [str(value)]


def find_faults(options: t.Mapping[str, t.Any], allow_users: t.Iterable[str]) -> t.Iterator[str]:
    """Yield why options cannot be lines of sshd_config(5)."""
    taken = sorted({keyword.lower() for keyword in options} & RESERVED)
    if taken:
        yield f"sshd_options: {', '.join(taken)}: the role decides it, or has a variable for it"
    for keyword, value in options.items():
        if not KEYWORD.fullmatch(keyword):
            yield f"sshd_options: {keyword!r} is no keyword of sshd_config"
        texts = values_of(value)
        if not texts or any(not text.strip() or re.search(r"[\r\n]", text) for text in texts):
            yield f"sshd_options: {keyword}: {value!r} is no value of one line, nor a list of them"
    repeated = len(options) != len({keyword.lower() for keyword in options})
    if repeated:
        yield "sshd_options: a keyword is there twice, in capital and small letters"
    for name in allow_users:
        if not PATTERN.fullmatch(name):
            yield f"allow_users: {name!r} is no account, and no pattern of accounts"
