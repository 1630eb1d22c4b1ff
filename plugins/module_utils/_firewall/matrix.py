# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The matrix of a verification: what each node reached, compared with the policy."""

from __future__ import annotations

import string
import typing as t

if t.TYPE_CHECKING:
    Probe = t.Mapping[str, t.Any]
    # Ports that were or should have been reached, each with whether that is as the policy requires.
    Ports = tuple[tuple[int, bool], ...]
    # Ports by source, target and path.
    Cells = dict[tuple[str, str], dict[str, Ports]]

REACHED = ("open", "closed")
"""Answers that came from the host itself: the firewall let the question in."""
COLUMNS_MAX = 24
"""A wider table is hard to read; with more nodes, its rows and columns are zones."""


def compare(measured: t.Mapping[str, t.Sequence[Probe]]) -> dict[str, t.Any]:
    """Return the matrix as lines, and a sentence for each difference from the policy.

    `measured` has the entries of `expect` by source, each with its `answer`.
    """
    differences = [
        f"{source} → {probe['target']} port {probe['port']} over {probe['path']} "
        f"({probe['address']}): {'allowed' if probe['allowed'] else 'refused'} by the policy, "
        f"measured {probe['answer']}"
        for source, probes in sorted(measured.items())
        for probe in probes
        if not _is_right(probe)
    ]
    return {"lines": _draw(_cells(measured)), "differences": differences}


def _is_right(probe: Probe) -> bool:
    return bool(probe["allowed"]) == (probe["answer"] in REACHED)


def _cells(measured: t.Mapping[str, t.Sequence[Probe]]) -> Cells:
    """Return what was measured by pairs of nodes, or of zones if there are too many nodes."""
    names = {*measured, *(probe["target"] for probes in measured.values() for probe in probes)}
    is_wide = len(names) > COLUMNS_MAX
    found: dict[tuple[str, str], dict[str, dict[int, bool]]] = {}
    for source, probes in sorted(measured.items()):
        for probe in probes:
            pair = (probe["from"], probe["to"]) if is_wide else (source, probe["target"])
            ports = found.setdefault(pair, {}).setdefault(probe["path"], {})
            if probe["allowed"] or probe["answer"] in REACHED:
                ports[probe["port"]] = ports.get(probe["port"], True) and _is_right(probe)
    return {
        pair: {path: tuple(sorted(ports.items())) for path, ports in sorted(paths.items())}
        for pair, paths in found.items()
    }


def _draw(cells: Cells) -> list[str]:
    """Return a table of letters, from whom by row and to whom by column, and what they mean."""
    if not cells:
        return ["nobody was asked"]
    names = sorted({name for pair in cells for name in pair})
    meanings = list(dict.fromkeys(_show(cells[pair]) for pair in sorted(cells)))
    letters = {meaning: _letter(index) for index, meaning in enumerate(meanings)}
    rows = [["from ↓ to →", *(str(index) for index in range(1, len(names) + 1))]]
    for index, source in enumerate(names, start=1):
        texts = []
        for target in names:
            paths = cells.get((source, target))
            texts.append("-" if paths is None else letters[_show(paths)])
        rows.append([f"{index} {source}", *texts])
    widths = [max(map(len, column)) for column in zip(*rows)]  # noqa: B905 - same length; plugins may meet Python 3.9
    lines = [
        "  ".join(text.ljust(width) for text, width in zip(row, widths)).rstrip()  # noqa: B905 - as above
        for row in rows
    ]
    return [*lines, *(f"{letter} = {meaning}" for meaning, letter in letters.items())]


def _letter(index: int) -> str:
    """Return A to Z, then A1 to Z1 and so on."""
    turn, rest = divmod(index, len(string.ascii_uppercase))
    return f"{string.ascii_uppercase[rest]}{turn or ''}"


def _show(paths: t.Mapping[str, Ports]) -> str:
    """Return the ports that were reached by each path; one with a `!` differs from the policy."""
    texts = {
        path: " ".join(f"{port}" if is_right else f"{port}!" for port, is_right in ports)
        for path, ports in paths.items()
    }
    return "; ".join(f"{path} {text or 'nothing'}" for path, text in sorted(texts.items())[::-1])
