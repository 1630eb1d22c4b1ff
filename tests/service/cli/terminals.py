# SPDX-License-Identifier: Apache-2.0
"""A real terminal, in which commands are run at given widths."""

import json
import os
import pty
import re
import select
import subprocess
import sys
import time
import unicodedata
from collections.abc import Mapping, Sequence

#: Runs each command at the width it is asked for: `qm` itself takes longer to start than to run.
_PROGRAM = """
import fcntl, json, struct, sys, termios
from inventory_service.cli import main
for columns, words in json.loads(sys.argv[1]):
    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    main(words, standalone_mode=False)
    print(sys.argv[2], flush=True)
"""
_END = "- end of a command -"
_STYLE = re.compile("\x1b\\[[0-9;]*m")
_PATIENCE_S = 60

Order = tuple[int, Sequence[str]]


def run_in_terminal(orders: Sequence[Order], environment: Mapping[str, str]) -> list[list[str]]:
    """Return the lines, with their colours, that each `qm` shows in a terminal so wide."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", _PROGRAM, json.dumps(orders), _END]
    kept = {name: held for name, held in os.environ.items() if name not in {"COLUMNS", "LINES"}}
    env = {**kept, "TERM": "xterm-256color", **environment}
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=env) as process:
        os.close(theirs)
        text = _read_all(ours)
        assert process.wait(_PATIENCE_S) == 0, text
    os.close(ours)
    parts = text.replace("\r\n", "\n").split(f"{_END}\n")
    return [part.splitlines() for part in parts[:-1]]


def plain(line: str) -> str:
    """Return a line without the colours that are ours."""
    return _STYLE.sub("", line)


def columns_of(line: str) -> int:
    """Return how many columns a line takes, told by Unicode's own tables (UAX 11)."""
    return sum(
        0 if unicodedata.combining(one) else 1 + (unicodedata.east_asian_width(one) in "WF")
        for one in plain(line)
    )


def _read_all(descriptor: int) -> str:
    """Return what is written to a terminal until nobody holds its other end any more."""
    parts: list[bytes] = []
    end = time.monotonic() + _PATIENCE_S
    while select.select([descriptor], [], [], max(0.0, end - time.monotonic()))[0]:
        try:
            part = os.read(descriptor, 65536)
        except OSError:  # how Linux says that the other end is closed
            break
        if not part:
            break
        parts.append(part)
    return b"".join(parts).decode()
