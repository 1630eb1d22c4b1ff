# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connections that a configuration of sshd distinguishes: one for each of its Match blocks."""

from __future__ import annotations

import fnmatch
import ipaddress
import typing as t

SPEC = {"user": "user", "host": "host", "address": "addr", "localaddress": "laddr"}
"""From a criterion of Match (sshd_config(5)) to its key for `sshd -T -C` (sshd(8))."""
SPEC = {**SPEC, "localport": "lport", "rdomain": "rdomain"}

ALONE = {"all", "canonical", "final", "invalid-user"}
"""Criteria that have no pattern."""

Accounts = t.Mapping[str, t.AbstractSet[str]]
"""From each account to its groups."""


def of_block(
    criteria: t.Sequence[str], base: t.Mapping[str, str], accounts: Accounts
) -> list[dict[str, str]]:
    """Return connections that fall into a Match block, the rest of them as the base is.

    Several, if it names several accounts; none, if it names a group without members.
    """
    spec, users = dict(base), None
    for name, patterns in _pairs(criteria):
        positive = [word for word in patterns.split(",") if not word.startswith("!")]
        refused = [word[1:] for word in patterns.split(",") if word.startswith("!")]
        kind = name.lower()
        if kind in ("user", "group"):
            found = _users(kind, positive, refused, accounts)
            users = found if users is None else [user for user in users if user in found]
        elif kind in SPEC and positive:
            spec[SPEC[kind]] = _sample(kind, positive[0])
    if users is None:
        return [spec]
    return [{**spec, "user": user} for user in users]


def _pairs(criteria: t.Sequence[str]) -> t.Iterator[tuple[str, str]]:
    """Yield each criterion with its patterns, written with a blank or with = between them."""
    words = [part for word in criteria for part in word.split("=", 1)]
    while words:
        name = words.pop(0)
        if name.lower() not in ALONE and words:
            yield name, words.pop(0)


def _users(kind: str, positive: list[str], refused: list[str], accounts: Accounts) -> list[str]:
    """Return the accounts that patterns name, and names without an account, which may come."""
    found = []
    for account, groups in accounts.items():
        names = {account} if kind == "user" else groups
        if matches(names, positive) and not matches(names, refused):
            found.append(account)
    if kind == "user":
        found += [
            name
            for name in positive
            if name not in accounts and not set(name) & set("*?,") and not matches({name}, refused)
        ]
    return found


def matches(names: t.Iterable[str], patterns: t.Iterable[str]) -> bool:
    """Return whether one of the names matches one of the patterns, as PATTERNS of ssh_config(5)."""
    escaped = [pattern.replace("[", "[[]") for pattern in patterns]
    return any(fnmatch.fnmatchcase(name, pattern) for name in names for pattern in escaped)


def _sample(kind: str, pattern: str) -> str:
    """Return a value that matches a pattern: an address of a network, a word for a wildcard."""
    if kind in ("address", "localaddress"):
        try:
            network = ipaddress.ip_network(pattern, strict=False)
        except ValueError:
            return pattern.replace("*", "1").replace("?", "1")
        return str(network[min(1, network.num_addresses - 1)])
    return pattern.replace("*", "x").replace("?", "x")
