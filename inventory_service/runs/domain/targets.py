# SPDX-License-Identifier: Apache-2.0
"""The hosts of a run: a limit, resolved at once against the fleet."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from inventory_service.core.errors import BadInput, FieldError

#: How many patterns a limit has at most, and how many of them with `*` or `?`: each of those is
#: tried with each name of the fleet.
MOST_PATTERNS = 1000
MOST_WILDCARDS = 100
#: A name of a host or group, or a part of one with `*` and `?`; `!` before it leaves them out.
_PATTERN = re.compile(r"!?[A-Za-z0-9_*?][A-Za-z0-9_.*?-]{0,252}\Z")
_SEPARATORS = re.compile(r"[,:\s]+")


@dataclass(frozen=True)
class Target:
    """A host that a run can have: its name, and the groups of the inventory that it is in."""

    name: str
    groups: Sequence[str]


def resolve_limit(limit: str, candidates: Iterable[Target]) -> list[str]:
    """Return the names of the candidates that the limit selects, in order; all without a limit.

    What a pattern after `!` leaves out need not be there.

    :raises BadInput: a pattern is not of the form that is allowed, or selects nothing, or all of
        them together leave no host.
    """
    hosts = _index(candidates)
    if not hosts:
        raise _refuse("selects nothing: no node of the fleet fits the filters of the template")
    patterns = parse_limit(limit)
    wanted = [one for one in patterns if not one.startswith("!")] or ["all"]
    unwanted = [one[1:] for one in patterns if one.startswith("!")]
    chosen: set[str] = set()
    for pattern in wanted:
        found = _match(pattern, hosts)
        if not found:
            raise _refuse(f"has {pattern!r}, which matches no node that the template allows")
        chosen |= found
    for pattern in unwanted:
        chosen -= _match(pattern, hosts)
    if not chosen:
        raise _refuse("leaves no node")
    return sorted(chosen)


def names_nodes(limit: str) -> bool:
    """Return whether the limit has a pattern that selects, and not only such that leave out.

    :raises BadInput: a pattern is not of the form that is allowed.
    """
    return any(not pattern.startswith("!") for pattern in parse_limit(limit))


def parse_limit(limit: str) -> list[str]:
    """Return the patterns of a limit, which commas, colons or blanks separate.

    :raises BadInput: one has another form, they are too many, or a limit that is not empty has
        none: it was meant to select something, and would select all.
    """
    patterns = [word for word in _SEPARATORS.split(limit) if word]
    if limit and not patterns:
        raise _refuse("has no pattern; leave it out to select all")
    for what, count, most in (
        ("patterns", len(patterns), MOST_PATTERNS),
        ("patterns with * or ?", sum(map(_is_wildcard, patterns)), MOST_WILDCARDS),
    ):
        if count > most:
            raise _refuse(f"has {count} {what}, and {most} are allowed; name a group")
    for pattern in patterns:
        if not _PATTERN.match(pattern):
            raise _refuse(
                f"has {pattern[:64]!r}, which is no pattern: a name of a node or group, with * "
                "and ?, and ! before it to leave it out"
            )
    return patterns


def _index(candidates: Iterable[Target]) -> dict[str, set[str]]:
    """Return the hosts of each name, be it a host's own or that of a group; `all` has all."""
    hosts: dict[str, set[str]] = {}
    for target in candidates:
        for name in (target.name, "all", *target.groups):
            hosts.setdefault(name, set()).add(target.name)
    return hosts


def _match(pattern: str, hosts: Mapping[str, set[str]]) -> set[str]:
    if not _is_wildcard(pattern):
        return hosts.get(pattern, set())
    return set().union(*(found for name, found in hosts.items() if fnmatchcase(name, pattern)))


def _is_wildcard(pattern: str) -> bool:
    return "*" in pattern or "?" in pattern


def _refuse(reason: str) -> BadInput:
    return BadInput(
        f"The limit {reason}. `qm node list` shows the nodes, `qm template show` the filters.",
        field_errors=[FieldError("limit", reason)],
    )
