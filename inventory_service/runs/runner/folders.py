# SPDX-License-Identifier: Apache-2.0
"""The folder of one run, for ansible-runner: made anew, for its owner only, and removed after it.

Each file is written here, and nothing is given to ansible-runner as an argument: what it is given
it would also put onto command lines, which all users of the machine can read.
"""

import json
import os
import shlex
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: In the environment of each process of a run, by which those are found that it left behind.
MARK = "QUARTERMASTER_RUN"
#: How often ansible-runner asks whether it shall stop; 5 s by default.
_ASK_EACH_S = 0.5


@dataclass(frozen=True)
class RunInput:
    """All that a run needs to know."""

    playbook: str
    #: The folder that the playbook is run in: it has ansible.cfg.
    folder: Path
    #: The fleet as an inventory script prints it.
    inventory: bytes
    #: Folders whose group_vars and host_vars hold, too.
    inventory_folders: Sequence[Path]
    hosts: Sequence[str]
    options: Mapping[str, Any]
    #: Given with -e; strings are marked as data.
    variables: Mapping[str, Any]
    environment: Mapping[str, str]


def write_folder(path: Path, wanted: RunInput) -> None:
    """Make the folder of a run; what an interrupted attempt left there goes."""
    remove_folder(path)
    path.mkdir(mode=0o700, parents=True)
    # Not `inventory`, all of which ansible-runner would add.
    for name in ("env", "fleet"):
        (path / name).mkdir(mode=0o700)
    _write(path / "fleet" / "fleet.json", wanted.inventory)
    # A script, since Ansible takes `_meta` from no other source, and texts from one that are
    # marked unsafe stay data in all of its versions.
    script = '#!/bin/sh\nexec cat -- "${0%/*}/fleet.json"\n'
    _write(path / "fleet" / "fleet", script.encode(), mode=0o700)
    for number, folder in enumerate(wanted.inventory_folders):
        _link_variables(path / f"inventory-{number:02}", folder)
    variables = dict(wanted.variables)
    if wanted.options["limit_variable"]:
        variables[wanted.options["limit_variable"]] = list(wanted.hosts)
    else:
        _write(path / "hosts", "".join(f"{host}\n" for host in wanted.hosts).encode())
    _write(path / "env" / "extravars", json.dumps(mark_data(variables)).encode())
    _write(path / "env" / "envvars", json.dumps(dict(wanted.environment)).encode())
    _write(path / "env" / "cmdline", shlex.join(_list_words(path, wanted)).encode())
    settings = {
        "pexpect_timeout": _ASK_EACH_S,
        "idle_timeout": wanted.options["idle_timeout_s"],
        "job_timeout": wanted.options["timeout_s"],
        "suppress_output_file": True,
        "suppress_ansible_output": True,
    }
    _write(path / "env" / "settings", json.dumps(settings).encode())


def remove_folder(path: Path) -> None:
    """Remove the folder of a run, if it is there."""
    if path.is_symlink():
        path.unlink()
    elif path.exists():
        shutil.rmtree(path)


def mark_data(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return the value with each text marked, so that Ansible never takes it for a template."""
    if isinstance(value, str):
        return {"__ansible_unsafe": value}
    if isinstance(value, Mapping):
        return {name: mark_data(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [mark_data(inner) for inner in value]
    return value


def _link_variables(path: Path, folder: Path) -> None:
    """Make an inventory without hosts whose variables are those of another folder."""
    path.mkdir(mode=0o700)
    _write(path / "hosts.yml", b"all: {}\n")
    for name in ("group_vars", "host_vars"):
        if (folder / name).is_dir():
            (path / name).symlink_to((folder / name).resolve())


def _list_words(path: Path, wanted: RunInput) -> list[str]:
    """Return the options of ansible-playbook; each value is bound to its option by `=`."""
    options = wanted.options
    words = [f"--inventory={path / 'fleet' / 'fleet'}"]
    words += [f"--inventory={hosts}" for hosts in sorted(path.glob("inventory-*/hosts.yml"))]
    words.append(f"--forks={options['forks']}")
    if not options["limit_variable"]:
        words.append(f"--limit=@{path / 'hosts'}")
    if options["tags"]:
        words.append(f"--tags={','.join(options['tags'])}")
    if options["skip_tags"]:
        words.append(f"--skip-tags={','.join(options['skip_tags'])}")
    words += [f"--{name}" for name in ("check", "diff") if options[name]]
    if options["verbosity"]:
        words.append("-" + "v" * options["verbosity"])
    return words


def _write(path: Path, body: bytes, *, mode: int = 0o600) -> None:
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(body)
