# SPDX-License-Identifier: Apache-2.0
"""The playbooks that runs may start: those found in one folder, never a path from outside."""

from collections.abc import Iterator
from pathlib import Path

_SUFFIXES = frozenset({".yml", ".yaml"})


def list_playbooks(folder: Path | None) -> dict[str, str]:
    """Return the playbooks of a folder: what `ansible-playbook` is given, by name.

    They are those in its `playbooks/`, by their path from the folder on, and those of collections
    in its `collections/`, by their full name: `quartermaster.fleet.site`. What a link leads out of
    the folder is left out.
    """
    if folder is None:
        return {}
    root = folder.resolve()
    found = {}
    for path in _list_files(root / "playbooks"):
        if path.resolve().is_relative_to(root):
            name = path.relative_to(root).as_posix()
            found[name] = name
    for playbooks in sorted((root / "collections" / "ansible_collections").glob("*/*/playbooks")):
        collection = f"{playbooks.parent.parent.name}.{playbooks.parent.name}"
        for path in _list_files(playbooks):
            if path.resolve().is_relative_to(root):
                name = f"{collection}.{path.stem}"
                found[name] = name
    return found


def _list_files(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        for path in sorted(folder.iterdir()):
            if path.suffix in _SUFFIXES and path.is_file() and not path.name.startswith("."):
                yield path
