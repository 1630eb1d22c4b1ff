# SPDX-License-Identifier: Apache-2.0
"""Commands inside a host, with all that they print.

On a busy machine the engine may lose what a short command prints: the exec ends well, and its
stream is empty or cut. So the output goes into files of the host first, and the exec prints them
with an end mark; where the mark or a part is missing, other execs read the files again.
"""

from __future__ import annotations

import secrets
import time
import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

FOLDER = "/var/tmp/quartermaster-tests"
"""Of a host; it outlives a restart."""
TIMEOUT_S = 600.0
POLL_S = 0.1
#: Runs the words after the first; nobody sees the code before both files are whole. Only root reads
#: them: programs warn of a secret that goes into a file that others can read.
RUN = """
mkdir -p "${1%/*}"; file=$1; shift
(umask 077; : >"$file.out"; : >"$file.err")
"$@" >"$file.out" 2>"$file.err"
printf '%s\\n' "$?" >"$file.new"; mv "$file.new" "$file.code"
"""
#: Prints both files and the end mark, or the mark of a command that has not ended.
READ = """
file=$1
if test -e "$file.code"; then
  cat "$file.out" "$file.err"
  printf '%s %s ' "${file##*/}" "$(cat "$file.code")"
  printf '%s %s\\n' "$(wc -c <"$file.out")" "$(wc -c <"$file.err")"
else printf '%s none\\n' "${file##*/}"
fi
"""


class CommandLost(Exception):
    """A command ended without a result: somebody killed its shell, or the host has stopped."""


@dataclass(frozen=True)
class Result:
    """How a command ended, and what it printed."""

    code: int
    output: str
    errors: str


@dataclass(frozen=True)
class _Place:
    """Where a command is run: the container, and the folder and environment inside."""

    container: t.Any
    folder: str | None = None
    environment: Mapping[str, str] | None = None

    def exec(self, script: str, *words: str) -> tuple[str, bytes]:
        """Run a script; return the exec's id and what of its output has arrived."""
        api = self.container.client.api
        command = ["sh", "-c", script, "sh", *words]
        options = {"workdir": self.folder, "environment": self.environment}
        made = api.exec_create(self.container.id, command, **options)["Id"]
        return made, api.exec_start(made)

    def has_ended(self, made: str) -> bool:
        """Return whether an exec has run and runs no longer, by the engine's word."""
        seen = self.container.client.api.exec_inspect(made)
        return not seen["Running"] and seen["ExitCode"] is not None


def run(
    container: t.Any,
    words: Sequence[str],
    *,
    folder: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> Result:
    """Return how a command inside a container ended, once all of its output is here.

    :raises CommandLost: it left no result, or none within TIMEOUT_S.
    """
    inside, file = _Place(container, folder, environment), f"{FOLDER}/{secrets.token_hex(8)}"
    made, seen = inside.exec(RUN + 'set -- "$file"\n' + READ, file, *words)
    reader = _Place(container)
    deadline = time.monotonic() + TIMEOUT_S
    while not (result := _parse(seen, file)):
        # Asked before the files are read: what has ended by now has left its result.
        has_ended = inside.has_ended(made)
        _, seen = reader.exec(READ, file)
        if has_ended and seen.endswith(_mark(file, b"none")):
            raise CommandLost(f"`{' '.join(words)}` ended on {container.name} without a result")
        if time.monotonic() > deadline:
            raise CommandLost(f"`{' '.join(words)}` on {container.name}: no result in time")
        time.sleep(POLL_S)
    return result


def run_script(
    container: t.Any,
    script: str,
    *,
    interpreter: Sequence[str] = ("sh", "-c"),
    folder: str | None = None,
) -> Result:
    """Return how a script ended; what it prints as errors is among its output, in order."""
    return run(container, [*interpreter, f"exec 2>&1\n{script}"], folder=folder)


def _mark(file: str, words: bytes) -> bytes:
    return f"{file.rpartition('/')[2]} ".encode() + words + b"\n"


def _parse(seen: bytes, file: str) -> Result | None:
    """Return the result that was printed, None if a part of it is missing."""
    body, mark, numbers = seen.rpartition(_mark(file, b"")[:-1])
    if not mark or not numbers.endswith(b"\n") or b"none" in numbers:
        return None
    code, out_size, err_size = map(int, numbers.split())
    if len(body) != out_size + err_size:
        return None
    texts = (part.decode(errors="replace") for part in (body[:out_size], body[out_size:]))
    return Result(code, *texts)
