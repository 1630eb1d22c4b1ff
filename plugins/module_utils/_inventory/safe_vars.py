# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which values of the fleet are data and nothing else, whatever a template engine makes of them."""

from __future__ import annotations

import keyword
import re
import typing as t

NAME = re.compile(r"[a-z_][a-zA-Z0-9_]{0,127}")
ANSIBLE_NAMES = """
    environment groups group_names hostvars inventory_dir inventory_file inventory_hostname
    inventory_hostname_short omit play_hosts playbook_dir role_name role_path vars
"""
"""What Ansible itself gives to each host; a variable of that name would hide it."""
FUNCTION_NAMES = """
    cycler dict finalize joiner lipsum lookup namespace now q query range undef
"""
"""Functions of templates, of ansible-core 2.19 and Jinja 3.1; a variable would hide them."""
RESERVED = frozenset(f"{ANSIBLE_NAMES} {FUNCTION_NAMES}".split())
CONTROLLER_PREFIXES = ("provision_", "quartermaster_", "retire_")
"""Settings of what runs on the controller come from there: group_vars, playbooks, options."""
ADDRESS = re.compile(r"[A-Za-z0-9][A-Za-z0-9.:-]*|:[0-9A-Fa-f:.]+")
USER = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
HARMLESS = re.compile(r"[A-Za-z0-9 ._:/@+-]*")
"""Text that neither a template nor a bare condition can make anything of."""
TEMPLATES = ("{{", "{%", "{#")
TAG = "__ansible"
SIGNS = {b"{{": b"{", b"{%": b"%", b"{#": b"#", b"__ansible": b"_", b"\\u00": b"\\", b"\0": b"\0"}
"""What a text with a key that is not plain holds, each with its rarest byte, found much faster."""
MAX_PORT = 65535
MAX_REPORTED = 20

ALLOWED_ANSIBLE: dict[str, t.Callable[[t.Any], bool]] = {
    "ansible_host": lambda value: isinstance(value, str) and bool(ADDRESS.fullmatch(value)),
    "ansible_port": lambda value: value.__class__ is int and 0 < value <= MAX_PORT,
    "ansible_user": lambda value: isinstance(value, str) and bool(USER.fullmatch(value)),
    "ansible_become": lambda value: isinstance(value, bool),
}
"""The only connection variables that the service may set, each with its check.

All others choose programs or their arguments: ansible_connection, ansible_ssh_common_args, …
"""


class SkippedVariables:
    """Variables that were left out, and why; a fleet may have the same one on each of its hosts."""

    def __init__(self) -> None:
        self._hosts: dict[tuple[str, str], list[str]] = {}

    def note(self, host: str, name: str, reason: str) -> None:
        """Remember that a variable of a host is left out."""
        self._hosts.setdefault((name[:80], reason), []).append(host)

    def accept_name(self, host: str, name: str) -> bool:
        """Return whether a variable may have this name; note it if not."""
        reason = find_name_fault(name)
        if reason:
            self.note(host, name, reason)
            return False
        return True

    def report(self, warn: t.Callable[[str], None]) -> None:
        """Name each left out variable once, with its first host; at most MAX_REPORTED of them."""
        for (name, reason), hosts in list(self._hosts.items())[:MAX_REPORTED]:
            more = f" and {len(hosts) - 1} more" if len(hosts) > 1 else ""
            warn(f"The variable {name!r} of {hosts[0]}{more} is left out: {reason}.")
        if len(self._hosts) > MAX_REPORTED:
            warn(f"{len(self._hosts) - MAX_REPORTED} further variables are left out.")


def find_name_fault(name: str) -> str | None:
    """Return why no variable from the service may have this name; None if it may.

    The service refuses the same names (inventory_service/core/variables.py); the table
    tests/cases/variable_names.json holds both to it.
    """
    if not NAME.fullmatch(name) or keyword.iskeyword(name):
        return "it is no name for a variable"
    if name in RESERVED:
        return "Ansible keeps this name for itself"
    if name.lstrip("_").startswith("ansible_") and name not in ALLOWED_ANSIBLE:
        return "it could run code on the controller"
    if name.startswith(CONTROLLER_PREFIXES):
        return "it sets what runs on the controller; set it in the group_vars beside the inventory"
    return None


def is_plain(value: t.Any) -> bool:
    """Return whether no key, at any depth, is a template or one of Ansible's own tags."""
    if isinstance(value, dict):
        return all(_is_plain_key(key) and is_plain(inner) for key, inner in value.items())
    if isinstance(value, list):
        return all(map(is_plain, value))
    return True


def is_plain_text(json_text: bytes) -> bool:
    r"""Return whether the text alone proves that `is_plain` holds for all values in it.

    It is much faster, and returns False in doubt: when a value could be a template too, where
    JSON hides characters (`\u007b` is a brace), or where it is not in UTF-8.
    """
    return not any(byte in json_text and sign in json_text for sign, byte in SIGNS.items())


def mark(value: t.Any, mark_text: t.Callable[[str], t.Any]) -> t.Any:
    """Return the value with `mark_text` applied to each text that could be more than data."""
    if isinstance(value, str):
        return value if HARMLESS.fullmatch(value) else mark_text(value)
    if isinstance(value, dict):
        return {key: mark(inner, mark_text) for key, inner in value.items()}
    if isinstance(value, list):
        return [mark(inner, mark_text) for inner in value]
    return value


def _is_plain_key(key: str) -> bool:
    return not key.startswith(TAG) and not any(sign in key for sign in TEMPLATES)
