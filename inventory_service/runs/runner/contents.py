# SPDX-License-Identifier: Apache-2.0
"""The identity of a playbook's content: a digest over the files that Ansible may read for it.

A commit would not do: what a checkout ignores, installed collections among it, is read, too.
"""

import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

#: What Ansible reads of a folder with playbooks, by its own conventions.
_PARTS = (
    "playbooks",
    "roles",
    "plugins",
    "action_plugins",
    "callback_plugins",
    "connection_plugins",
    "filter_plugins",
    "lookup_plugins",
    "library",
    "module_utils",
    "group_vars",
    "host_vars",
    "vars",
    "files",
    "templates",
    "tasks",
    "handlers",
    "ansible.cfg",
)
#: And of a collection.
_COLLECTION_PARTS = ("playbooks", "roles", "plugins", "meta", "galaxy.yml", "MANIFEST.json")
_VARIABLES = ("group_vars", "host_vars")
_CACHES = frozenset({"__pycache__"})


def digest_content(folder: Path, inventory_folders: Sequence[Path]) -> str:
    """Return the digest of all that runs may read of a folder with playbooks, and of variables.

    :raises OSError: a file can't be read.
    """
    whole = hashlib.sha256()
    for label, place in _list_places(folder, inventory_folders):
        for path in _list_files(place):
            # Not where the folder is: that may differ between the machines of two workers.
            name = f"{label}/{path.relative_to(place).as_posix()}".encode(errors="surrogateescape")
            with path.open("rb") as file:
                content = hashlib.file_digest(file, "sha256")
            whole.update(b"%d:%b%b" % (len(name), name, content.digest()))
    return whole.hexdigest()


def _list_places(folder: Path, inventory_folders: Sequence[Path]) -> Iterator[tuple[str, Path]]:
    """Yield the names and the paths of what is read."""
    yield from ((part, folder / part) for part in _PARTS)
    for collection in sorted((folder / "collections" / "ansible_collections").glob("*/*")):
        name = f"{collection.parent.name}.{collection.name}"
        yield from ((f"{name}/{part}", collection / part) for part in _COLLECTION_PARTS)
    for number, variables in enumerate(inventory_folders):
        yield from ((f"{number}/{part}", variables / part) for part in _VARIABLES)


def _list_files(place: Path) -> Iterator[Path]:
    """Yield the files at and below a place, each folder once, whatever links lead to it."""
    if place.is_file():
        yield place
        return
    seen = set()
    for parent, folders, names in os.walk(place, followlinks=True):
        true = os.path.realpath(parent)
        if true in seen:
            folders.clear()
            continue
        seen.add(true)
        folders[:] = sorted(
            name for name in folders if name not in _CACHES and not name.startswith(".")
        )
        for name in sorted(names):
            # A link that leads nowhere, or a socket, is no content.
            if (Path(parent) / name).is_file():
                yield Path(parent) / name
