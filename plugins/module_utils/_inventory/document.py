# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fleet from the service: its columnar document, checked whole before anyone uses it."""

from __future__ import annotations

import json
import re
import typing as t
from dataclasses import dataclass

from .._service.response import InvalidResponse
from .safe_vars import ALLOWED_ANSIBLE, MAX_REPORTED, SkippedVariables, is_plain, is_plain_text

VERSION = 1
HOST = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
"""A label of RFC 1123: nothing that a pattern, a path or a template could be."""
GROUP = re.compile(r"[a-z_][a-z0-9_]*")
NOT_HOSTS = frozenset({"all", "ungrouped", "localhost"})
NOT_GROUPS = frozenset({"all", "ungrouped", "_meta"})
COLUMN = re.compile(r"[a-z_][a-z0-9_]*")
OWN_VARIABLES = "vars"
"""The column that holds a node's own variables."""


@dataclass(frozen=True)
class Fleet:
    """The nodes in one answer: a row a node in `columns`, and the row numbers of each group.

    `notes` report, one sentence each, what of a Terraform file was left out.
    """

    columns: tuple[str, ...]
    rows: list[list[t.Any]]
    groups: dict[str, list[int]]
    notes: tuple[str, ...] = ()
    is_plain: bool = False
    """Whether it is known that no key at any depth is a template or a tag."""

    @property
    def names(self) -> list[str]:
        """The name of each host, in the order of the rows."""
        return [row[0] for row in self.rows]

    def variables(self, omissions: SkippedVariables) -> t.Iterator[dict[str, t.Any]]:
        """Yield the variables of each host, in the order of the rows.

        What Ansible could take for more than data is left out and noted in `omissions`: reserved
        names, `ansible_` names outside the allow-list, keys that are templates.
        """
        kept = [name for name in self.columns if self._is_kept(name, omissions)]
        indexes = [self.columns.index(name) for name in kept]
        own = self.columns.index(OWN_VARIABLES) if OWN_VARIABLES in self.columns else None
        refused = self._refused_values(kept, omissions)
        passed: set[str] = set()
        for row in self.rows:
            cells = zip(kept, [row[index] for index in indexes])  # noqa: B905 - equal by construction
            variables = {name: value for name, value in cells if value is not None}
            for name in refused.get(row[0], ()):
                del variables[name]
            given = row[own] if own is not None else None
            if given:
                if not given.keys() <= passed:
                    given = self._own_variables(row[0], given, omissions)
                    if self.is_plain:
                        passed |= given.keys() - ALLOWED_ANSIBLE.keys()
                variables.update(given)
            yield variables

    def _refused_values(self, kept: list[str], omissions: SkippedVariables) -> dict[str, list[str]]:
        """Return the names of the values that are not safe, by host; all are looked at here.

        For a large fleet it matters that most columns can hold no such value.
        """
        refused: dict[str, list[str]] = {}
        for name in kept:
            index, suspects = self.columns.index(name), self.rows
            if name in ALLOWED_ANSIBLE:
                is_allowed = ALLOWED_ANSIBLE[name]
                suspects = [row for row in suspects if not is_allowed(row[index])]
            elif self.is_plain:
                continue
            for row in suspects:
                value = row[index]
                if value is not None and not _is_safe(row[0], name, value, omissions):
                    refused.setdefault(row[0], []).append(name)
        return refused

    def _is_kept(self, column: str, omissions: SkippedVariables) -> bool:
        return column != OWN_VARIABLES and omissions.accept_name("all hosts", column)

    def _own_variables(
        self, host: str, given: dict[str, t.Any], omissions: SkippedVariables
    ) -> dict[str, t.Any]:
        own = {}
        for name, value in given.items():
            if name in self.columns and name not in ALLOWED_ANSIBLE:
                omissions.note(host, name, "the service itself states it")
            elif omissions.accept_name(host, name) and _is_safe(host, name, value, omissions):
                own[name] = value
        return own


def parse_fleet(body: bytes) -> Fleet:
    """Return the fleet in the body of an answer.

    :raises InvalidResponse: if the body is not a whole columnar document, version 1.
    """
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidResponse(f"it is not JSON ({error})" if body else "it is empty") from error
    if not isinstance(document, dict) or document.get("version") != VERSION:
        raise InvalidResponse(f"it is not a columnar inventory of version {VERSION}")
    columns = _check_columns(document.get("columns"))
    rows = document.get("rows")
    _check_rows(columns, rows)
    groups = document.get("groups")
    _check_groups(groups, len(rows))
    notes = (
        *_notes_of_conflicts(document),
        *_notes_of_absent(document),
        *_notes_of_warnings(document),
    )
    return Fleet(columns, rows, groups, notes, is_plain=is_plain_text(body))


def _check_columns(columns: t.Any) -> tuple[str, ...]:
    if not isinstance(columns, list) or columns[:1] != ["node_id"]:
        raise InvalidResponse("its columns do not start with node_id")
    if not all(isinstance(name, str) and COLUMN.fullmatch(name) for name in columns):
        raise InvalidResponse("its columns are not all names of variables")
    if len(set(columns)) != len(columns):
        raise InvalidResponse("it names a column twice")
    return tuple(columns)


def _check_rows(columns: tuple[str, ...], rows: t.Any) -> None:
    if not isinstance(rows, list):
        raise InvalidResponse("it has no rows")
    width = len(columns)
    own = columns.index(OWN_VARIABLES) if OWN_VARIABLES in columns else None
    names = set()
    for number, row in enumerate(rows):
        if not isinstance(row, list) or len(row) != width:
            raise InvalidResponse(f"row {number} does not have {width} columns")
        name = row[0]
        if not isinstance(name, str) or not HOST.fullmatch(name) or name in NOT_HOSTS:
            raise InvalidResponse(
                f"row {number} has the name {str(name)[:80]!r}, which no host can have"
            )
        if own is not None and not isinstance(row[own], (dict, type(None))):
            raise InvalidResponse(f"row {number} has variables that are no object")
        names.add(name)
    if len(names) != len(rows):
        raise InvalidResponse("it names a host twice")


def _check_groups(groups: t.Any, size: int) -> None:
    if not isinstance(groups, dict):
        raise InvalidResponse("it has no groups")
    for name, indexes in groups.items():
        if not GROUP.fullmatch(name) or name in NOT_GROUPS:
            raise InvalidResponse(f"it has a group {name[:80]!r}, which no group can be called")
        if not isinstance(indexes, list) or not set(map(type, indexes)) <= {int}:
            raise InvalidResponse(f"group {name!r} is not a list of row numbers")
        if indexes and not 0 <= min(indexes) <= max(indexes) < size:
            raise InvalidResponse(f"group {name!r} lists a host that is not there")
        if len(set(indexes)) != len(indexes):
            raise InvalidResponse(f"group {name!r} lists a host twice")


def _notes_of_conflicts(document: dict[str, t.Any]) -> t.Iterator[str]:
    conflicts = _list_of(document, "conflicts", ("node_id", "field", "service", "file"))
    for one in conflicts[:MAX_REPORTED]:
        service, file = repr(one["service"])[:80], repr(one["file"])[:80]
        yield (
            f"{str(one['node_id'])[:63]!r}: {str(one['field'])[:80]!r} is {service} in the service "
            f"and {file} in the Terraform file; the service's value is used."
        )
    if len(conflicts) > MAX_REPORTED:
        yield f"The service and the Terraform file differ in {len(conflicts)} values in all."


def _notes_of_absent(document: dict[str, t.Any]) -> t.Iterator[str]:
    absent = _list_of(document, "left_out", ("node_id", "state"))
    for one in absent[:MAX_REPORTED]:
        yield (
            f"{str(one['node_id'])[:63]!r} is in the Terraform file, but "
            f"{str(one['state'])[:20]!r} in the service; it is left out."
        )
    if len(absent) > MAX_REPORTED:
        yield f"{len(absent)} nodes of the Terraform file are left out in all."


def _notes_of_warnings(document: dict[str, t.Any]) -> t.Iterator[str]:
    warnings = _list_of(document, "warnings", ("address", "reason", "more"))
    for one in warnings[:MAX_REPORTED]:
        number = one["more"]
        more = f" and {number} more" if number.__class__ is int and number else ""
        address, reason = (repr(str(one[key])[:200])[1:-1] for key in ("address", "reason"))
        yield f"Terraform file: {address}{more} {reason}."


def _list_of(
    document: dict[str, t.Any], name: str, keys: tuple[str, ...]
) -> list[dict[str, t.Any]]:
    found = document.get(name, [])
    if not isinstance(found, list) or not all(
        isinstance(one, dict) and one.keys() >= set(keys) for one in found
    ):
        raise InvalidResponse(f"its {name} are not as a merged inventory has them")
    return found


def _is_safe(host: str, name: str, value: t.Any, omissions: SkippedVariables) -> bool:
    if name in ALLOWED_ANSIBLE:
        if ALLOWED_ANSIBLE[name](value):
            return True
        omissions.note(host, name, f"it cannot be {str(value)[:80]!r}")
        return False
    if isinstance(value, (dict, list)) and not is_plain(value):
        omissions.note(host, name, "a key in it is a template or a tag")
        return False
    return True
