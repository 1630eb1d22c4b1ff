# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of a WireGuard interface under /etc/wireguard, as far as they can be trusted."""

from __future__ import annotations

import contextlib
import typing as t
from dataclasses import dataclass
from pathlib import Path

from .._host import secret_files as files
from .._module import Failure
from .conf import MAX_BYTES, Conf, Damaged, parse
from .model import is_key

FOLDER = Path("/etc/wireguard")
"""Where wg-quick(8) looks for the file of an interface."""
KEY_MAX_BYTES = 1024


@dataclass(frozen=True)
class Known:
    """What was read from the file of an interface."""

    conf: Conf | None = None
    """None if there is no file, or none that can be trusted."""
    text: str | None = None
    """None if the file has to be written anew, whatever it contains."""
    notes: tuple[str, ...] = ()
    """What is wrong with the file."""


@contextlib.contextmanager
def locked() -> t.Iterator[None]:
    """Keep others from changing an interface between reading and writing.

    Two plays may add two new peers to this host at the same moment.

    :raises InsecureFile: if the folder cannot hold secrets.
    """
    fault = files.find_folder_fault(FOLDER)
    if fault:
        raise files.InsecureFile(fault)
    if not FOLDER.is_dir():
        yield
        return
    with files.locked(FOLDER):
        yield


def read_whole(path: Path) -> Known:
    """Return the content of a file that is about to be replaced as a whole."""
    text, faults = files.read(path, MAX_BYTES)
    if text is None:
        return Known()
    notes = [f"file: {fault}" for fault in faults]
    try:
        conf = parse(text)
    except Damaged as error:
        return Known(notes=(*notes, f"file: was damaged, {error}"))
    notes += [f"file: the setting {name} is dropped" for name in conf.foreign]
    return Known(conf, None if faults else text, tuple(notes))


def read_to_extend(path: Path) -> Known:
    """Return the content of a file that is about to be added to.

    :raises Failure: if there is none, or none that can be added to without losing something.
    """
    text, faults = files.read(path, MAX_BYTES)
    if text is None:
        raise Failure(
            f"there is no {path} to add peers to; run the role `wireguard` on this host first",
            code="not_set_up",
        )
    try:
        conf = parse(text)
    except Damaged as error:
        raise Failure(
            f"{path} cannot be added to: {error}; run the role `wireguard` on this host, which "
            "writes it anew",
            code="not_set_up",
        ) from None
    if conf.foreign:
        raise Failure(
            f"{path} has settings that purge_peers: false cannot keep ({', '.join(conf.foreign)}); "
            "remove them, or give all peers with purge_peers: true, which drops them",
            code="refused",
        )
    return Known(conf, None if faults else text, tuple(f"file: {fault}" for fault in faults))


def read_private_key(path: Path) -> str | None:
    """Return the private key in a file, None if there is no file.

    :raises Failure: if others could read it, or it holds no key.
    """
    text, faults = files.read(path, KEY_MAX_BYTES)
    if text is None:
        return None
    private_key = text.strip()
    if faults or not is_key(private_key):
        raise Failure(
            f"{path} {'is not protected' if faults else 'holds no valid private key'}; "
            "run quartermaster.fleet.wireguard_key, which repairs it or names the next step",
            code="invalid_key",
        )
    return private_key
