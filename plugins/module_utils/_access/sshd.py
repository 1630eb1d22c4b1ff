# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The settings of sshd, tried as part of the whole configuration before any file is written."""

from __future__ import annotations

import hashlib
import tempfile
import typing as t
from dataclasses import dataclass
from pathlib import Path

from .._module import Failure
from . import effective, sshd_config
from .accounts import list_groups
from .connections import of_block

if t.TYPE_CHECKING:
    from .._host.commands import HostCommands
    from .._host.ssh_connection import Connection

MAIN = "/etc/ssh/sshd_config"
DROP_IN = "/etc/ssh/sshd_config.d/00-quartermaster.conf"
INCLUDE = "Include /etc/ssh/sshd_config.d/*.conf"
# Made by sshd at its start; one that a socket starts may not have run yet.
PRIVILEGE_SEPARATION = Path("/run/sshd")


@dataclass(frozen=True)
class Trial:
    """What sshd makes of a configuration that is written nowhere yet."""

    base: effective.Settings
    """In force for the account with which Ansible comes in."""
    by_user: t.Mapping[str, effective.Settings]
    faults: tuple[str, ...]
    digest: str
    """Of all files of the configuration, as they will be."""


class Sshd:
    """Tries a configuration with the sshd of this host."""

    def __init__(self, host: HostCommands, account: str, connection: Connection | None) -> None:
        self._host = host
        self._account = account
        address = connection.client if connection else "127.0.0.1"
        server = connection.server if connection else "127.0.0.1"
        port = str(connection.port if connection else 22)
        self._base = {
            "user": account,
            "host": address,
            "addr": address,
            "laddr": server,
            "lport": port,
        }

    def try_out(
        self, text: str, users: t.Iterable[str], allowed: t.Iterable[tuple[str, ...]] = ()
    ) -> Trial:
        """Return what would be in force with a drop-in file, for Ansible, users and Match blocks.

        Match blocks with the `allowed` criteria may override it.

        :raises Failure: if sshd does not take it, or does not read it.
        """
        try:
            config = sshd_config.read(MAIN, {DROP_IN: text})
        except OSError as error:
            raise Failure(f"sshd's configuration cannot be read: {error}", "refused") from error
        if DROP_IN not in config.texts:
            raise Failure(
                f"sshd settings refused: {MAIN} does not include {DROP_IN}, so sshd would not read "
                f"it; add the line `{INCLUDE}` at the top of {MAIN}",
                code="refused",
            )
        if not PRIVILEGE_SEPARATION.is_dir():
            PRIVILEGE_SEPARATION.mkdir(mode=0o755)
        with tempfile.TemporaryDirectory() as folder:
            return self._try_copy(config, Path(folder), text, tuple(users), set(allowed))

    def _try_copy(
        self,
        config: sshd_config.Config,
        folder: Path,
        text: str,
        users: tuple[str, ...],
        allowed: set[tuple[str, ...]],
    ) -> Trial:
        main, originals = sshd_config.copy(config, folder / "whole", MAIN)
        base = self._ask(main, originals, self._base)
        blocks = sshd_config.list_match_blocks(config)
        faults = self._find_faults(config, folder, text, base, allowed)
        by_user = {
            user: self._ask(main, originals, {**self._base, "user": user}) if blocks else base
            for user in users
        }
        return Trial(base, by_user, tuple(dict.fromkeys(faults)), digest_of(config))

    def _find_faults(
        self,
        config: sshd_config.Config,
        folder: Path,
        text: str,
        base: effective.Settings,
        allowed: set[tuple[str, ...]],
    ) -> list[str]:
        """Return what another file overrides, with the allowed Match blocks left out."""
        blocks = sshd_config.list_match_blocks(config)
        main, originals = sshd_config.copy(config, folder / "held", MAIN, without=allowed)
        held = self._ask(main, originals, self._base) if allowed.intersection(blocks) else base
        ours = folder / "ours"
        ours.write_text(text, encoding="utf-8")
        # It needs a key of the host to print anything, and reads none of them from the drop-in.
        keys = [word for key in base.get("hostkey", ()) for word in ("-h", key)]
        wanted = self._ask(str(ours), {str(ours): DROP_IN}, self._base, *keys)
        keywords = [words[0] for _line, words in sshd_config.parse(text)]
        faults = list(_describe(config, keywords, wanted, held, "every account"))
        groups = list_groups() if blocks else {}
        left = [block for block in blocks if block not in allowed]
        for spec in [spec for block in left for spec in of_block(block, self._base, groups)]:
            who = f"{spec['user']} from {spec['addr']}"
            found = self._ask(main, originals, spec)
            faults += _describe(config, keywords, wanted, found, who)
        return faults

    def _ask(
        self, path: str, originals: t.Mapping[str, str], spec: t.Mapping[str, str], *words: str
    ) -> effective.Settings:
        """Return what sshd makes of a file for a connection.

        :raises Failure: if it does not take the file, with its own words.
        """
        pairs = ",".join(f"{key}={value}" for key, value in spec.items())
        code, output, error = self._host.call("sshd", "-T", "-f", path, "-C", pairs, *words)
        if code:
            for copied in sorted(originals, key=len, reverse=True):
                error = error.replace(copied, originals[copied])
            raise Failure(f"sshd settings refused: {error.strip()}", code="refused")
        return effective.parse(output)


def _describe(
    config: sshd_config.Config,
    keywords: t.Iterable[str],
    wanted: effective.Settings,
    found: effective.Settings,
    who: str,
) -> t.Iterator[str]:
    """Yield what another file overrides, where, and what helps."""
    for keyword, ours, theirs in effective.find_overridden(keywords, wanted, found):
        lines = sshd_config.find_lines(config, keyword, except_in=DROP_IN)
        where = ", ".join(line.location for line in lines) or "another file"
        blocks = sorted({f"`{' '.join(line.match)}`" for line in lines if line.match})
        allow = f", or allow {', '.join(blocks)} by common_sshd_allowed_matches" if blocks else ""
        yield (
            f"sshd settings refused: {keyword} would be {theirs} instead of {ours} for {who}, "
            f"which {where} sets; remove it there{allow}"
        )


def digest_of(config: sshd_config.Config) -> str:
    """Return a digest of all files that sshd reads, and of their order."""
    whole = "".join(f"{path}\0{text}\0" for path, text in config.texts.items())
    return hashlib.sha256(whole.encode(errors="surrogateescape")).hexdigest()
