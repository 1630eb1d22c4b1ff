# SPDX-License-Identifier: Apache-2.0
"""The fleet in chunks of hosts that follow each other by name.

Where a chunk begins depends on the names alone (content-defined chunking), so that each process of
the service cuts the same fleet into the same chunks, whatever it has seen before.
"""

import hashlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

#: About one name in so many begins a chunk.
_USUAL_LENGTH = 128


class Host(NamedTuple):
    """A host as the inventory shows it, with one text for each format that is in use."""

    name: str
    groups: tuple[str, ...]
    texts: tuple[bytes, ...]


@dataclass(frozen=True, eq=False)
class HostChunk:
    """Hosts from one name up to the next chunk; a new object replaces it once one has changed."""

    hosts: tuple[Host, ...]


def make_chunks(hosts: Iterable[Host]) -> list[HostChunk]:
    """Return the hosts in chunks, by name."""
    return list(_cut(sorted(hosts)))


def update_chunks(
    chunks: Sequence[HostChunk], changes: Mapping[str, Host | None]
) -> list[HostChunk]:
    """Return the chunks with the changed hosts replaced; None is a host that is gone."""
    if not chunks:
        return make_chunks(host for host in changes.values() if host is not None)
    by_chunk: dict[int, dict[str, Host | None]] = {}
    firsts = [chunk.hosts[0].name for chunk in chunks]
    for name, host in changes.items():
        index = max(bisect_right(firsts, name) - 1, 0)
        by_chunk.setdefault(index, {})[name] = host
    changed: list[HostChunk] = []
    for index, chunk in enumerate(chunks):
        if index not in by_chunk:
            changed.append(chunk)
            continue
        known = {host.name: host for host in chunk.hosts} | by_chunk[index]
        hosts = sorted(host for host in known.values() if host is not None)
        if hosts and changed and not is_boundary(hosts[0].name):
            # The host that began this chunk is gone.
            hosts = [*changed.pop().hosts, *hosts]
        # Read again, but with nothing new in it, it is the same one.
        changed.extend([chunk] if tuple(hosts) == chunk.hosts else _cut(hosts))
    return changed


def _cut(hosts: Sequence[Host]) -> Iterator[HostChunk]:
    begin = 0
    for index in range(1, len(hosts)):
        if is_boundary(hosts[index].name):
            yield HostChunk(tuple(hosts[begin:index]))
            begin = index
    if hosts:
        yield HostChunk(tuple(hosts[begin:]))


def is_boundary(name: str) -> bool:
    """Return whether a chunk begins with the host of this name."""
    digest = hashlib.blake2b(name.encode(), digest_size=2).digest()
    return int.from_bytes(digest, "big") % _USUAL_LENGTH == 0
