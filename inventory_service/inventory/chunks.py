# SPDX-License-Identifier: Apache-2.0
"""The fleet in sections of hosts that follow each other by name.

Where a section begins depends on the names alone, so that each service process cuts the same fleet
into the same sections, whatever it has seen before.
"""

import hashlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

#: About one name in so many begins a section.
_USUAL_LENGTH = 128


class Host(NamedTuple):
    """A host as the inventory shows it, with one text for each form that is in use."""

    name: str
    groups: tuple[str, ...]
    texts: tuple[bytes, ...]


@dataclass(frozen=True, eq=False)
class Section:
    """Hosts from one name up to the next section; another object as soon as one has changed."""

    hosts: tuple[Host, ...]


def make_sections(hosts: Iterable[Host]) -> list[Section]:
    """Return the hosts in sections, by name."""
    return list(_cut(sorted(hosts)))


def change_sections(
    sections: Sequence[Section], changes: Mapping[str, Host | None]
) -> list[Section]:
    """Return the sections with some hosts as they are now; None is a host that is gone."""
    if not sections:
        return make_sections(host for host in changes.values() if host is not None)
    by_section: dict[int, dict[str, Host | None]] = {}
    firsts = [section.hosts[0].name for section in sections]
    for name, host in changes.items():
        place = max(bisect_right(firsts, name) - 1, 0)
        by_section.setdefault(place, {})[name] = host
    changed: list[Section] = []
    for place, section in enumerate(sections):
        if place not in by_section:
            changed.append(section)
            continue
        known = {host.name: host for host in section.hosts} | by_section[place]
        hosts = sorted(host for host in known.values() if host is not None)
        if hosts and changed and not _begins(hosts[0].name):
            # The host that began this section is gone.
            hosts = [*changed.pop().hosts, *hosts]
        # Read again, but with nothing new in it, it is the same one.
        changed.extend([section] if tuple(hosts) == section.hosts else _cut(hosts))
    return changed


def _cut(hosts: Sequence[Host]) -> Iterator[Section]:
    begin = 0
    for place in range(1, len(hosts)):
        if _begins(hosts[place].name):
            yield Section(tuple(hosts[begin:place]))
            begin = place
    if hosts:
        yield Section(tuple(hosts[begin:]))


def _begins(name: str) -> bool:
    digest = hashlib.blake2b(name.encode(), digest_size=2).digest()
    return int.from_bytes(digest, "big") % _USUAL_LENGTH == 0
