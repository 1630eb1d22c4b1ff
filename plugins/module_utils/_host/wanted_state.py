# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files, units and kernel settings of a host, brought to what is wanted as a whole."""

from __future__ import annotations

import re
import shlex
import tempfile
import typing as t
from pathlib import Path

from .._module import Failure
from .host import RUN, Host, Unit
from .kernel_settings import KernelSettings
from .plain_files import PlainFile
from .read_records import ReadRecord

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

Options = t.Mapping[str, t.Any]
MODE = re.compile(r"0?[0-7]{3}")


class WantedState:
    """What a module's options want of the host on which it runs.

    `change` marks the module as changed and calls what it is given, unless in check mode.
    """

    def __init__(self, module: AnsibleModule, change: t.Callable[..., t.Any]) -> None:
        self._params: Options = module.params
        self._check_mode: bool = module.check_mode
        self._host = Host(module)
        self._change = change
        self.changes: list[str] = []
        """What was changed, or would be, one sentence each."""
        self.diffs: list[dict[str, str]] = []
        """What --diff shows of each file that changes."""

    def keep(self) -> None:
        """Bring the host to what is wanted.

        :raises Failure: before anything is changed if it must not be, or if it cannot be done.
        """
        try:
            with self._host.locked():
                self._keep()
        except OSError as error:
            raise Failure(
                f"{error.filename or 'a file'} could not be read or written ({error.strerror}); "
                "mend that on the host and run again, which finishes what is left",
                code="not_written",
            ) from error

    def _keep(self) -> None:
        wanted = [_make_file(options) for options in self._params["files"]]
        units = self._host.read_units([unit["name"] for unit in self._params["units"]])
        settings = KernelSettings(self._params["sysctl"])
        drift = settings.find_drift()
        self._check(wanted, units)
        outdated = self._find_outdated(wanted, units)
        self._keep_files(wanted)
        for key, (now, then) in drift.items():
            self._do(f"sysctl {key}: {now} → {then}", settings.set, key)
        for options in self._params["units"]:
            self._keep_unit(options, units[options["name"]], outdated)

    def _check(self, wanted: t.Sequence[PlainFile], units: t.Mapping[str, Unit]) -> None:
        """Refuse what cannot be, before the first change."""
        reasons = [file.obstacle for file in wanted if file.obstacle]
        for options, file in zip(self._params["files"], wanted):  # noqa: B905 - same length; hosts may run Python 3.8
            if options["validate"] and file.text is not None and file.faults:
                reasons += self._validate(file, options["validate"])
        for options in self._params["units"]:
            reasons += self._find_unit_faults(options, units[options["name"]])
        if reasons:
            raise Failure(f"refused, nothing was changed: {'; '.join(reasons)}", code="refused")

    def _validate(self, file: PlainFile, command: str) -> list[str]:
        """Return what a program has against a file, which gets a copy of it."""
        with tempfile.TemporaryDirectory(prefix="quartermaster-") as folder:
            copy = Path(folder) / file.path.name
            copy.write_text(file.text or "", encoding="utf-8")
            code, out, errors = self._host.call(*shlex.split(command.replace("%s", str(copy))))
        if not code:
            return []
        words = (errors.strip() or out.strip()).replace(str(copy), str(file.path))
        return [f"{file.path} is not valid: {words or f'exit status {code}'}"]

    def _find_unit_faults(self, options: Options, unit: Unit) -> list[str]:
        name = options["name"]
        if not (options["enabled"] or options["active"]):
            return []
        if unit.is_masked:
            return [f"{name} is masked; run `systemctl unmask {name}`, or do not ask for it"]
        if not unit.is_found and not self._check_mode:
            return [f"there is no unit {name}; install the package that has it"]
        return []

    def _find_outdated(
        self, wanted: t.Sequence[PlainFile], units: t.Mapping[str, Unit]
    ) -> dict[str, str]:
        """Return the active units that have to read files again, and why; empty their records."""
        changing = [file.path for file in wanted if file.changes_content]
        outdated = {}
        for options in self._params["units"]:
            record = self._record(options)
            if not options["reads"] or not units[options["name"]].is_active:
                continue
            if any(record.covers(path) for path in changing):
                outdated[options["name"]] = "for its files changed"
            elif record.is_outdated():
                outdated[options["name"]] = "for it had not read its files"
            if options["name"] in outdated and not self._check_mode:
                record.empty()
        return outdated

    def _keep_files(self, wanted: t.Sequence[PlainFile]) -> None:
        for file in wanted:
            if file.faults:
                verb = "removed" if file.text is None else "written"
                header = str(file.path)
                self.diffs.append(
                    {
                        "before": file.describe(wanted=False),
                        "after": file.describe(wanted=True),
                        "before_header": header,
                        "after_header": header,
                    }
                )
                self._do(f"{file.path}: {verb} ({', '.join(file.faults)})", file.write)

    def _keep_unit(self, options: Options, unit: Unit, outdated: t.Mapping[str, str]) -> None:
        name, enabled, active = options["name"], options["enabled"], options["active"]
        record = self._record(options)
        # What changes from here on, the unit has perhaps not read.
        digest = record.digest()
        if enabled is not None and enabled != unit.is_enabled:
            verb = "enable" if enabled else "disable"
            self._do(f"{name}: {verb}d", self._host.run, "systemctl", verb, "--quiet", "--", name)
        is_active = unit.is_active
        if active is not None and active != is_active:
            verb = "start" if active else "stop"
            note = f"{name}: {'started' if active else 'stopped'}"
            self._do(note, self._host.run, "systemctl", verb, "--", name)
            is_active = active
        elif name in outdated:
            verb = "restart" if options["on_change"] == "restart" else "reload-or-restart"
            note = f"{name}: {options['on_change']}ed, {outdated[name]}"
            self._do(note, self._host.run, "systemctl", verb, "--", name)
        if options["reads"] and not self._check_mode:
            record.keep(digest if is_active else None)

    def _record(self, options: Options) -> ReadRecord:
        return ReadRecord(RUN, options["name"], options["reads"])

    def _do(self, note: str, act: t.Callable[..., t.Any], *values: t.Any) -> None:
        self.changes.append(note)
        self._change(act, *values)


def _make_file(options: Options) -> PlainFile:
    path, folder_mode = Path(options["path"]), options["folder_mode"]
    if not path.is_absolute():
        raise Failure(f"refused, nothing was changed: {path} is not absolute", code="refused")
    return PlainFile(
        path,
        options["content"],
        _parse_mode(options["mode"]),
        _parse_mode(folder_mode) if folder_mode else None,
    )


def _parse_mode(text: str) -> int:
    if not MODE.fullmatch(text):
        raise Failure(
            f"refused, nothing was changed: mode {text!r} is not made of octal digits, as 0644",
            code="refused",
        )
    return int(text, 8)
