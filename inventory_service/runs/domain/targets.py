# SPDX-License-Identifier: Apache-2.0
"""The hosts of a run: a limit, resolved at once against the fleet."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from inventory_service.core.errors import BadInput, FieldError

#: How many patterns a limit has at most.
MOST_PATTERNS = 1000
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

    :raises BadInput: a pattern is not of the form that is allowed, matches nothing, or all of them
        together leave no host.
    """
    targets = sorted(candidates, key=lambda target: target.name)
    if not targets:
        raise _refuse("selects nothing: no node of the fleet fits the filters of the template")
    patterns = parse_limit(limit)
    wanted = [one for one in patterns if not one.startswith("!")] or ["all"]
    unwanted = [one[1:] for one in patterns if one.startswith("!")]
    chosen: set[str] = set()
    for pattern in wanted:
        found = set(_match(pattern, targets))
        if not found:
            raise _refuse(f"has {pattern!r}, which matches no node that the template allows")
        chosen |= found
    for pattern in unwanted:
        chosen -= set(_match(pattern, targets))
    if not chosen:
        raise _refuse("leaves no node")
    return [target.name for target in targets if target.name in chosen]


def parse_limit(limit: str) -> list[str]:
    """Return the patterns of a limit, which commas, colons or blanks separate.

    :raises BadInput: one has another form, or they are too many.
    """
    patterns = [word for word in _SEPARATORS.split(limit) if word]
    if len(patterns) > MOST_PATTERNS:
        reason = f"has {len(patterns)} patterns, and {MOST_PATTERNS} are allowed; name a group"
        raise _refuse(reason)
    for pattern in patterns:
        if not _PATTERN.match(pattern):
            raise _refuse(
                f"has {pattern[:64]!r}, which is no pattern: a name of a node or group, with * "
                "and ?, and ! before it to leave it out"
            )
    return patterns


def _match(pattern: str, targets: Sequence[Target]) -> Iterator[str]:
    if pattern == "all":
        yield from (target.name for target in targets)
    elif "*" in pattern or "?" in pattern:
        for target in targets:
            if any(fnmatchcase(name, pattern) for name in (target.name, *target.groups)):
                yield target.name
    else:
        for target in targets:
            if pattern == target.name or pattern in target.groups:
                yield target.name


def _refuse(reason: str) -> BadInput:
    return BadInput(
        f"The limit {reason}. `qm node list` shows the nodes, `qm template show` the filters.",
        field_errors=[FieldError("limit", reason)],
    )
