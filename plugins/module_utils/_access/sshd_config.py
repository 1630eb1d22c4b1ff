# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sshd_config(5) with all that it includes: read, found, and copied so that sshd can try it."""

from __future__ import annotations

import fnmatch
import re
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

MAX_DEPTH = 16
"""As deep as sshd(8) itself includes files."""
WORDS = re.compile(r'"([^"]*)"|([^\s"]+)')
LINE = re.compile(r"\s*([A-Za-z0-9]+)(?:\s*=\s*|\s+)(.*)")


@dataclass(frozen=True)
class Line:
    """A setting, and where it is."""

    path: str
    number: int
    keyword: str
    values: tuple[str, ...]
    match: tuple[str, ...] = ()
    """The criteria of the Match block that it is in."""

    @property
    def location(self) -> str:
        """Return file and line, and for which connections it holds."""
        block = f" (Match {' '.join(self.match)})" if self.match else ""
        return f"{self.path}:{self.number}{block}"


@dataclass
class Config:
    """The whole configuration, in the order in which sshd reads it."""

    texts: dict[str, str] = field(default_factory=dict)
    """From each file that is read to its text."""
    includes: dict[str, dict[int, list[str]]] = field(default_factory=dict)
    """From a file and the number of an Include line to the files that it includes."""
    lines: list[Line] = field(default_factory=list)


def read(path: str, replaced: t.Mapping[str, str | None]) -> Config:
    """Return a configuration as if some files had other texts; None is a file that is not there.

    :raises OSError: if a file cannot be read.
    """
    config = Config()
    _read(config, path, replaced, (), 0)
    return config


def _read(
    config: Config,
    path: str,
    replaced: t.Mapping[str, str | None],
    match: tuple[str, ...],
    depth: int,
) -> None:
    text = replaced.get(path)
    if text is None:
        text = Path(path).read_text(encoding="utf-8", errors="surrogateescape")
    config.texts[path] = text
    # A block that begins in an included file ends with it.
    for number, words in parse(text):
        keyword, values = words[0].lower(), words[1:]
        if keyword == "match":
            match = () if [value.lower() for value in values] == ["all"] else tuple(values)
        elif keyword == "include" and depth < MAX_DEPTH:
            found = [name for value in values for name in _expand(path, value, replaced)]
            config.includes.setdefault(path, {})[number] = found
            for name in found:
                _read(config, name, replaced, match, depth + 1)
        config.lines.append(Line(path, number, keyword, tuple(values), match))


def parse(text: str) -> t.Iterator[tuple[int, list[str]]]:
    """Yield the number and the words of each line that sets something."""
    for number, line in enumerate(text.splitlines(), 1):
        found = LINE.fullmatch(line)
        if found and not line.lstrip().startswith("#"):
            words = [quoted or plain for quoted, plain in WORDS.findall(found[2])]
            comment = next((at for at, word in enumerate(words) if word.startswith("#")), None)
            yield number, [found[1], *words[:comment]]


def _expand(path: str, pattern: str, replaced: t.Mapping[str, str | None]) -> list[str]:
    """Return the files of an Include line as they will be: a relative one is below /etc/ssh."""
    whole = str(Path("/etc/ssh") / pattern)
    found = set(map(str, Path("/").glob(whole.lstrip("/")))) | {
        name
        for name in replaced
        if fnmatch.fnmatchcase(name, whole) and name.count("/") == whole.count("/")
    }
    return sorted(name for name in found if replaced.get(name, "") is not None and name != path)


def copy(
    config: Config, folder: Path, main: str, *, without: t.Container[tuple[str, ...]] = ()
) -> tuple[str, dict[str, str]]:
    """Write a copy whose Include lines name copies, but for the Match blocks of some criteria.

    Return its path, and what each file is a copy of.
    """
    folder.mkdir(exist_ok=True)
    copies = {path: str(folder / str(at)) for at, path in enumerate(config.texts)}
    left_out = {(line.path, line.number) for line in config.lines if line.match in without}
    for path, text in config.texts.items():
        lines = text.splitlines()
        for number, found in config.includes.get(path, {}).items():
            names = " ".join(copies[name] for name in found)
            lines[number - 1] = f"Include {names}" if names else ""
        for number in [number for name, number in left_out if name == path]:
            lines[number - 1] = ""
        whole = "\n".join([*lines, ""])
        Path(copies[path]).write_text(whole, encoding="utf-8", errors="surrogateescape")
    return copies[main], {copied: path for path, copied in copies.items()}


def parse_criteria(text: str) -> tuple[str, ...]:
    """Return the criteria of a Match line as its words, with or without the word itself."""
    words = [quoted or plain for quoted, plain in WORDS.findall(text)]
    return tuple(words[1:] if words[:1] and words[0].lower() == "match" else words)


def list_match_blocks(config: Config) -> list[tuple[str, ...]]:
    """Return the criteria of each Match block, each once."""
    return list(dict.fromkeys(line.match for line in config.lines if line.match))


def find_lines(config: Config, keyword: str, *, except_in: str) -> list[Line]:
    """Return the lines of other files that set a keyword."""
    return [
        line for line in config.lines if line.keyword == keyword.lower() and line.path != except_in
    ]
