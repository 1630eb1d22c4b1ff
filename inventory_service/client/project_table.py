# SPDX-License-Identifier: Apache-2.0
"""A projects.csv in which one number is changed, and nothing else."""

import csv
import io
from collections.abc import Sequence

from inventory_service.client.errors import InvalidName

HEAD = "Project,Servers,MasterSpec,WebSpec,Environment,Region\n"
_PROJECT, _SERVERS, _ENVIRONMENT = "Project", "Servers", "Environment"


def replace_servers(text: str, project: str, servers: int) -> str:
    """Return the table with another number of servers for a project; all else stays as it is.

    :raises InvalidName: it has no line of the project, or several.
    """
    lines = text.splitlines(keepends=True)
    table = [_read_row(line) for line in lines]
    head = next((row for row in table if any(row)), [])
    found = [
        number
        for number, row in enumerate(table)
        if row is not head and _cell(head, row, _PROJECT) == project
    ]
    if len(found) != 1 or _SERVERS not in head:
        raise _not_one(project, [table[number] for number in found], head)
    row = table[found[0]]
    row[head.index(_SERVERS)] = str(servers)
    lines[found[0]] = _write_row(row, lines[found[0]])
    return "".join(lines)


def _not_one(project: str, rows: Sequence[Sequence[str]], head: Sequence[str]) -> InvalidName:
    if not rows:
        reason, step = "has no line in projects.csv", "add one, and orchestrate"
    else:
        names = ", ".join(_cell(head, row, _ENVIRONMENT) or "prod" for row in rows)
        reason = f"has {len(rows)} lines in projects.csv (environments: {names})"
        step = "change the number in the line that is meant, and orchestrate"
    return InvalidName(f"project {project!r} {reason}", next_step=step)


def _cell(head: Sequence[str], row: Sequence[str], name: str) -> str:
    at = head.index(name) if name in head else len(row)
    return row[at] if at < len(row) else ""


def _read_row(line: str) -> list[str]:
    cells = next(csv.reader([line.removeprefix("\ufeff")]), [])
    return [cell.strip() for cell in cells]


def _write_row(row: Sequence[str], line: str) -> str:
    written = io.StringIO()
    ending = line[len(line.rstrip("\r\n")) :]
    csv.writer(written, lineterminator=ending).writerow(row)
    return written.getvalue()
