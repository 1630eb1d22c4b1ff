# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Save files and accounts of a host, and restore them: a module, and the program of the roll-back.

The program is this file alone, so it imports nothing but the standard library. It runs as root when
a change of who may log in was not confirmed in time: python restoring.py FOLDER.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import stat
import subprocess
import sys
import typing as t
from pathlib import Path

SNAPSHOT = "snapshot.json"
MAX_BYTES = 1024 * 1024
OWN_MODE = 0o600
TIMEOUT_S = 60


class File(t.NamedTuple):
    """A file as it is, was or should be; without a content there is none."""

    path: str
    content: bytes | None
    mode: int
    uid: int
    gid: int


@contextlib.contextmanager
def acting_as(uid: int, gid: int) -> t.Iterator[None]:
    """Read and write as an account: whoever owns a folder could lead root elsewhere by a link."""
    if uid == os.geteuid():
        yield
        return
    groups, own_gid, own_uid = os.getgroups(), os.getegid(), os.geteuid()
    os.setgroups([gid])
    os.setegid(gid)
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(own_uid)
        os.setegid(own_gid)
        os.setgroups(groups)


def is_roots_alone(path: str) -> bool:
    """Return whether nobody but root can change what is found below this path."""
    for folder in Path(path).parents:
        try:
            found = folder.lstat()
        except OSError:
            continue
        if not stat.S_ISDIR(found.st_mode) or found.st_uid or found.st_mode & 0o022:
            return False
    return True


def read_file(path: str, uid: int, gid: int) -> File:
    """Return a file, read as the account that owns its folder.

    :raises OSError: if it is no regular file, is too large or cannot be read.
    """
    with acting_as(*_writer(path, uid, gid)):
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError):
            return File(path, None, OWN_MODE, uid, gid)
        with os.fdopen(descriptor, "rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode) or found.st_size > MAX_BYTES:
                raise OSError(f"{path} is no regular file of at most {MAX_BYTES} bytes")
            return File(path, file.read(), stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid)


def write_file(file: File, uid: int, gid: int) -> None:
    """Make a file what it should be: whole or not at all, by the account that owns its folder.

    :raises OSError: if it cannot be written.
    """
    with acting_as(*_writer(file.path, uid, gid)):
        path = Path(file.path)
        if file.content is None:
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                path.unlink()
            return
        made = path.with_name(f".{path.name}.new")
        with contextlib.suppress(FileNotFoundError):
            made.unlink()
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(str(made), flags, OWN_MODE), "wb") as output:
            if os.geteuid() == 0:
                os.fchown(output.fileno(), file.uid, file.gid)
            os.fchmod(output.fileno(), file.mode)
            output.write(file.content)
            output.flush()
            os.fsync(output.fileno())
        made.rename(path)


def _writer(path: str, uid: int, gid: int) -> tuple[int, int]:
    """Return who reads and writes a file: root only where nobody else could lead it astray."""
    return (os.geteuid(), os.getegid()) if is_roots_alone(path) else (uid, gid)


def pack(files: t.Iterable[tuple[File, int, int]], **more: t.Any) -> str:
    """Return a snapshot as text: files with the account of each, and what else is restored."""
    packed = [
        {
            **file._asdict(),
            "content": None if file.content is None else base64.b64encode(file.content).decode(),
            "as": [uid, gid],
        }
        for file, uid, gid in files
    ]
    return json.dumps({"files": packed, **more})


def restore(folder: str) -> list[str]:
    """Restore a snapshot as far as it can be; return what could not."""
    snapshot = json.loads((Path(folder) / SNAPSHOT).read_text(encoding="utf-8"))
    faults = []
    for item in snapshot["files"]:
        uid, gid = item.pop("as")
        content = None if item["content"] is None else base64.b64decode(item["content"])
        try:
            write_file(File(**{**item, "content": content}), uid, gid)
        except OSError as error:
            faults.append(f"{item['path']}: {error}")
    for command, data in _list_commands(snapshot):
        ended = subprocess.run(  # noqa: S603 - the words are those of the snapshot, which is root's
            command, input=data, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
        if ended.returncode:
            faults.append(f"{' '.join(command)}: {ended.stderr.strip()}")
    return faults


def _list_commands(snapshot: dict[str, t.Any]) -> t.Iterator[tuple[list[str], str | None]]:
    """Yield what restores accounts and sshd; accounts that the change made go last."""
    for account in snapshot.get("accounts", ()):
        name = account["name"]
        yield ["chpasswd", "-e"], f"{name}:{account['password']}\n"
        words = ["--comment", account["comment"], "--shell", account["shell"]]
        yield ["usermod", *words, "--groups", ",".join(account["groups"]), name], None
    if snapshot.get("has_sshd"):
        # At boot this unit comes before sshd, and must not wait for it.
        yield ["systemctl", "--no-block", "reload-or-restart", "ssh.service"], None
    for made in snapshot.get("made", ()):
        if _exists(made["name"]):
            options = ["--force"] if made["had_home"] else ["--force", "--remove"]
            yield ["userdel", *options, made["name"]], None


def _exists(name: str) -> bool:
    lines = Path("/etc/passwd").read_text(encoding="utf-8", errors="replace").splitlines()
    return any(line.startswith(f"{name}:") for line in lines)


if __name__ == "__main__":
    raise SystemExit("\n".join(restore(sys.argv[1])) or None)
