# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What sshd makes of its configuration (`sshd -T`), beside what is wanted and who comes in."""

from __future__ import annotations

import ipaddress
import typing as t

from .connections import matches

Settings = t.Mapping[str, t.Sequence[str]]
"""From a keyword in small letters to its values; several, where each line of it counts."""

EXACT = {"allowusers", "allowgroups", "port"}
"""Lists that another line widens; to others, as AcceptEnv, it may add."""


def parse(output: str) -> Settings:
    """Return what `sshd -T` prints."""
    settings: dict[str, list[str]] = {}
    for line in output.splitlines():
        keyword, _blank, value = line.strip().partition(" ")
        if keyword:
            settings.setdefault(keyword.lower(), []).append(value)
    return settings


def find_overridden(
    keywords: t.Iterable[str], wanted: Settings, effective: Settings
) -> t.Iterator[tuple[str, str, str]]:
    """Yield each keyword that is not in force, with what it should be and what it is.

    Both come from sshd itself, so that 2m and 120 are the same. It does not show each keyword.
    """
    for keyword in dict.fromkeys(word.lower() for word in keywords):
        ours, theirs = wanted.get(keyword, []), effective.get(keyword, [])
        if keyword == "listenaddress":
            # Their ports are those of Port, which another file may set.
            ours, theirs = ([value.rpartition(":")[0] for value in v] for v in (ours, theirs))
        is_other = set(ours) != set(theirs) if keyword in EXACT else not set(ours) <= set(theirs)
        if ours and is_other:
            yield keyword, " ".join(ours), " ".join(theirs) or "unset"


def find_lockouts(effective: Settings, account: str, groups: t.AbstractSet[str]) -> t.Iterator[str]:
    """Yield why an account certainly cannot log in; what remains, a fresh connection proves.

    Patterns of AllowUsers may name hosts, so only their first half is certain.
    """

    def one(keyword: str) -> str:
        return " ".join(effective.get(keyword, [""]))

    if account == "root" and one("permitrootlogin") == "no":
        yield "root is locked out by PermitRootLogin no"
    if one("pubkeyauthentication") == "no":
        yield f"{account} could not use a key"
    for keyword, names in (("allowusers", {account}), ("allowgroups", groups)):
        values = [word for value in effective.get(keyword, []) for word in value.split()]
        positive = [value for value in values if value[:1] != "!"]
        # A directory's names have an @ themselves.
        allowed = [*positive, *(value.rpartition("@")[0] for value in positive)]
        if values and not matches(names, allowed):
            subject = "a group of AllowGroups" if keyword == "allowgroups" else "AllowUsers"
            yield f"{account} would be locked out: it is not in {subject} ({' '.join(values)})"
    for keyword, names in (("denyusers", {account}), ("denygroups", groups)):
        denied = [word for value in effective.get(keyword, []) for word in value.split()]
        if matches(names, [value for value in denied if "@" not in value]):
            yield f"{account} would be locked out by {keyword} {' '.join(denied)}"


def listens(effective: Settings, address: str, port: int) -> bool:
    """Return whether sshd would listen at an address and port of this host."""
    wildcard = str(ipaddress.ip_network(f"{address}/0", strict=False).network_address)
    for value in effective.get("listenaddress", ()):
        host, _colon, number = value.rpartition(":")
        host = host.strip("[]").partition("%")[0]
        if number == str(port) and host in (address, wildcard):
            return True
    return False


def key_files(effective: Settings, name: str, uid: int, home: str) -> list[str]:
    """Return the files in which sshd looks for the keys of an account (AuthorizedKeysFile)."""
    words = " ".join(effective.get("authorizedkeysfile", [])).split()
    found = []
    for word in words:
        if word.lower() == "none":
            continue
        path = "%".join(
            part.replace("%u", name).replace("%h", home).replace("%U", str(uid))
            for part in word.split("%%")
        )
        found.append(path if path.startswith("/") else f"{home}/{path}")
    return found


def has_other_proof(effective: Settings) -> bool:
    """Return whether somebody may come in by what is in no file of keys, as by a certificate."""
    sources = ("trustedusercakeys", "authorizedkeyscommand")
    if any(" ".join(effective.get(source, ["none"])) != "none" for source in sources):
        return True
    return effective.get("gssapiauthentication") == ["yes"]
