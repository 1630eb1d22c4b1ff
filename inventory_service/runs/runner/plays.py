# SPDX-License-Identifier: Apache-2.0
"""What of a playbook concerns all of its hosts at once, read from its files without Ansible.

A slice has the whole inventory and a part of the hosts. `run_once`, `serial` and the like mean all
hosts of the run (https://docs.ansible.com/ansible/latest/playbook_guide/playbooks_strategies.html),
and would mean those of each slice; what is delegated to another host could be done by all of them.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

_TASK_LISTS = ("pre_tasks", "tasks", "post_tasks", "handlers")
_BLOCKS = ("block", "rescue", "always")
#: Keywords that count hosts; with a value that is none of these they do nothing.
_KEYWORDS = ("run_once", "serial", "throttle", "any_errors_fatal", "max_fail_percentage")
_OFF = (None, False, 0, "no", "false", "False", "0")
#: Delegation to these is work of the controller, or of the host itself.
_OWN = re.compile(
    r"localhost|127\.0\.0\.1|::1|\{\{\s*(inventory_hostname|ansible_host)\s*\}\}", re.ASCII
)
#: Its hosts would be known to its own slice only.
_SHARING = ("add_host",)
_PREFIXES = ("ansible.builtin.", "ansible.legacy.")
_MOST_FOUND = 50
#: Files larger than this are no playbooks.
_MOST_BYTES = 2_000_000


class _Loader(yaml.SafeLoader):
    """Reads plain data; what a tag means (`!vault`, `!unsafe`) is left out."""


def _read_tagged(loader: _Loader, _tag: str, node: yaml.Node) -> Any:  # noqa: ANN401 - any YAML
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    assert isinstance(node, yaml.MappingNode)  # noqa: S101 - there is no other kind
    return loader.construct_mapping(node, deep=True)


_Loader.add_multi_constructor("!", _read_tagged)


def list_slice_obstacles(folder: Path | None, playbook: str) -> list[str]:
    """Return what forbids slices of a playbook, each with file and task; nothing if they may be.

    What can't be read without running it, such as an include whose name is a template, is among
    it.
    """
    if folder is None:
        return []
    root = folder.resolve()
    return _Reader(root).read(playbook)


@dataclass
class _Reader:
    """Reads a playbook and all that it includes, each file once."""

    root: Path
    found: list[str] = field(default_factory=list)
    _seen: set[tuple[Path, Path | None]] = field(default_factory=set)

    def read(self, playbook: str) -> list[str]:
        self._read_playbook(self._find_playbook(playbook, self.root), playbook)
        return list(dict.fromkeys(self.found))[:_MOST_FOUND]

    def _find_playbook(self, name: str, base: Path) -> Path | None:
        if name.endswith((".yml", ".yaml")):
            return base / name
        words = name.split(".")
        if len(words) != 3:  # noqa: PLR2004 - namespace, collection, playbook
            return None
        return self._collection(words) / "playbooks" / f"{words[2]}.yml"

    def _collection(self, words: Sequence[str]) -> Path:
        return self.root / "collections" / "ansible_collections" / words[0] / words[1]

    def _read_playbook(self, path: Path | None, name: str) -> None:
        if path is None or "{{" in name:
            self.found.append(f"'{name}' is imported, which can't be found")
            return
        if not self._is_new(path, None):
            return
        for play in self._load(path):
            imported = _get(play, "import_playbook")
            if isinstance(imported, str):
                self._read_playbook(self._find_playbook(imported, path.parent), imported)
            else:
                self._read_play(play, path)

    def _read_play(self, play: Mapping[str, Any], path: Path) -> None:
        where = f"{self._name(path)}, play '{play.get('name') or play.get('hosts')}'"
        self._note_keywords(play, where)
        for one in _list(play.get("roles")):
            given = one if isinstance(one, Mapping) else {"role": one}
            self._note_keywords(given, where)
            self._read_role(given.get("role") or given.get("name"), path, None, {}, where)
        for name in _TASK_LISTS:
            self._read_tasks(play.get(name), path, None)

    def _read_tasks(self, tasks: Any, path: Path, role: Path | None) -> None:  # noqa: ANN401 - any YAML
        for task in _list(tasks):
            if not isinstance(task, Mapping):
                continue
            words = next((str(task[name]) for name in ("name", *_BLOCKS) if name in task), "")
            label = task.get("name") or _find_action(task) or words[:40]
            where = f"{self._name(path)}, task '{label}'"
            self._note_keywords(task, where)
            self._note_delegation(task, where)
            for name in _BLOCKS:
                self._read_tasks(task.get(name), path, role)
            self._follow(task, path, role, where)

    def _follow(self, task: Mapping[str, Any], path: Path, role: Path | None, where: str) -> None:
        for kind in ("include_tasks", "import_tasks", "include"):
            given = _get(task, kind)
            if given is not None:
                name = given.get("file") if isinstance(given, Mapping) else given
                self._read_file(name, path, role, where)
                self._note_applied(given, where)
        for kind in ("include_role", "import_role"):
            given = _get(task, kind)
            if given is not None:
                given = given if isinstance(given, Mapping) else {}
                self._read_role(given.get("name"), path, role, given, where)
                self._note_applied(given, where)

    def _note_applied(self, given: Any, where: str) -> None:  # noqa: ANN401 - any YAML
        applied = given.get("apply") if isinstance(given, Mapping) else None
        if isinstance(applied, Mapping):
            self._note_keywords(applied, where)
            self._note_delegation(applied, where)

    def _read_file(self, name: Any, path: Path, role: Path | None, where: str) -> None:  # noqa: ANN401 - any YAML
        if not isinstance(name, str) or "{{" in name:
            self.found.append(f"{where}: includes '{name}', whose name is known only when it runs")
            return
        places = [path.parent / name]
        if role is not None:
            places += [role / "tasks" / name, role / "handlers" / name]
        file = next((place for place in places if place.is_file()), None)
        if file is None:
            self.found.append(f"{where}: includes '{name}', which can't be found")
            return
        if self._is_new(file, role):
            self._read_tasks(self._load(file), file, role)

    def _read_role(
        self,
        name: Any,  # noqa: ANN401 - any YAML
        path: Path,
        role: Path | None,
        given: Mapping[str, Any],
        where: str,
    ) -> None:
        if not isinstance(name, str) or "{{" in name:
            self.found.append(f"{where}: has the role '{name}', which is known only when it runs")
            return
        folder = self._find_role(name, path, role)
        if folder is None:
            self.found.append(f"{where}: has the role '{name}', which can't be found")
            return
        parts = {
            "tasks": given.get("tasks_from", "main"),
            "handlers": given.get("handlers_from", "main"),
        }
        for part, stem in parts.items():
            if not isinstance(stem, str) or "{{" in stem:
                self.found.append(
                    f"{where}: has {part} of '{name}' that are known only when it runs"
                )
                continue
            file = _find_main(folder / part, stem)
            if file is None and stem != "main":
                self.found.append(
                    f"{where}: has '{stem}' of the role '{name}', which can't be found"
                )
            elif file is not None and self._is_new(file, folder):
                self._read_tasks(self._load(file), file, folder)
        self._read_dependencies(folder, path, where)

    def _read_dependencies(self, folder: Path, path: Path, where: str) -> None:
        meta = _find_main(folder / "meta", "main")
        if meta is None or not self._is_new(meta, folder):
            return
        for document in self._load(meta):
            for one in _list(document.get("dependencies")):
                given = one if isinstance(one, Mapping) else {"role": one}
                self._note_keywords(given, where)
                self._read_role(given.get("role") or given.get("name"), path, folder, {}, where)

    def _find_role(self, name: str, path: Path, role: Path | None) -> Path | None:
        words = name.split(".")
        if len(words) == 3:  # noqa: PLR2004 - namespace, collection, role
            places = [self._collection(words) / "roles" / words[2]]
        else:
            places = [path.parent / "roles" / name, self.root / "roles" / name, path.parent / name]
            # A playbook of a collection has the roles of that collection.
            places += [path.parent.parent / "roles" / name]
            places += [role.parent / name] if role is not None else []
        return next((place for place in places if place.is_dir()), None)

    def _is_new(self, file: Path, role: Path | None) -> bool:
        key = (file.resolve(), role)
        is_new = key not in self._seen
        self._seen.add(key)
        return is_new

    def _load(self, path: Path) -> list[Any]:
        """Return the items of a file: plays, tasks, or the one mapping that it is."""
        try:
            found = yaml.load(_read_text(path), Loader=_Loader)  # noqa: S506 - a SafeLoader
        except (OSError, ValueError, yaml.YAMLError, RecursionError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            self.found.append(f"{self._name(path)} can't be read: {reason}")
            return []
        return [one for one in _list(found) if isinstance(one, Mapping)]

    def _note_keywords(self, given: Mapping[str, Any], where: str) -> None:
        self.found += [
            f"{where}: {name}" for name in _KEYWORDS if name in given and given[name] not in _OFF
        ]

    def _note_delegation(self, task: Mapping[str, Any], where: str) -> None:
        target = task.get("delegate_to")
        if target is not None and not _OWN.fullmatch(str(target).strip()):
            self.found.append(f"{where}: delegate_to {target}")
        self.found += [f"{where}: {name}" for name in _SHARING if _get(task, name) is not None]

    def _name(self, path: Path) -> str:
        full = path.absolute()
        return (
            full.relative_to(self.root).as_posix() if full.is_relative_to(self.root) else path.name
        )


def _read_text(path: Path) -> bytes:
    if path.stat().st_size > _MOST_BYTES:
        raise ValueError("it is too large for a playbook")
    return path.read_bytes()


def _list(value: Any) -> Iterator[Any]:  # noqa: ANN401 - any YAML
    if isinstance(value, list):
        yield from value
    elif value is not None:
        yield value


def _get(task: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401 - any YAML
    """Return what a task gives to an action, by any of its names, or None."""
    names = (name, *(f"{prefix}{name}" for prefix in _PREFIXES))
    return next((task[one] for one in names if one in task), None)


def _find_action(task: Mapping[str, Any]) -> str | None:
    """Return the action of a task without a name, as far as it can be told."""
    return next((name for name in task if "." in str(name)), None) or next(iter(task), None)


def _find_main(folder: Path, stem: str) -> Path | None:
    places = (folder / stem, folder / f"{stem}.yml", folder / f"{stem}.yaml")
    return next((place for place in places if place.is_file()), None)
