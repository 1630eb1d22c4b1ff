# SPDX-License-Identifier: Apache-2.0
"""The forms of the inventory: Ansible's document, a columnar one, and the first one.

Each says how a host and a group are written, and what stands around them; `Document` joins these.
Every host and group begins with a comma, which the first one loses.
"""

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from inventory_service.inventory.chunks import Host
from inventory_service.inventory.domain import COLUMNS, Row, get_first_node, get_host_variables

Encode = Callable[[Any], bytes]
#: The members of each group among some hosts, in a shape that only the form knows.
Members = Mapping[str, bytes]
#: For each group: how many hosts stand before those of its members, and the members.
Gathered = Mapping[str, Sequence[tuple[int, bytes]]]


class Form(Protocol):
    """How the inventory is written."""

    end: bytes

    def show_host(self, row: Row) -> bytes:
        """Return a host as it stands in the document."""

    def begin(self, revision: int) -> bytes:
        """Return what stands before the hosts."""

    def gather(self, hosts: Sequence[Host]) -> Members:
        """Return the members of each group among these hosts."""

    def show_groups(self, gathered: Gathered) -> Iterator[Sequence[bytes]]:
        """Yield the texts of each group; ``gathered`` is sorted by name."""

    @property
    def middle(self) -> bytes:
        """Return what stands between hosts and groups."""


class AnsibleForm:
    """What an Ansible inventory script prints, ``_meta.hostvars`` included."""

    middle = b"}},"
    end = b"}"

    def __init__(self, encode: Encode) -> None:
        self._encode = encode

    def show_host(self, row: Row) -> bytes:
        """Return its name and its variables."""
        return b",%b:%b" % (self._encode(row[0]), self._encode(get_host_variables(row)))

    def begin(self, _revision: int) -> bytes:
        """Return the way to the host variables."""
        return b'{"_meta":{"hostvars":{'

    def gather(self, hosts: Sequence[Host]) -> Members:
        """Return the names of the members, with commas between them."""
        members: dict[str, list[bytes]] = {}
        for host in hosts:
            name = self._encode(host.name)
            for group in host.groups:
                members.setdefault(group, []).append(name)
        return {group: b",".join(names) for group, names in members.items()}

    def show_groups(self, gathered: Gathered) -> Iterator[Sequence[bytes]]:
        """Yield `all` with its children, then each of them with its hosts."""
        yield [b',"all":%b' % self._encode({"children": [*gathered, "ungrouped"]})]
        for group, parts in gathered.items():
            texts = [b',%b:{"hosts":[' % self._encode(group)]
            for place, (_, names) in enumerate(parts):
                texts += [b",", names] if place else [names]
            yield [*texts, b"]}"]


class ColumnsForm:
    """The names of the columns once and a row a host; groups list the places of rows."""

    middle = b'],"groups":{'
    end = b"}}"

    def __init__(self, encode: Encode) -> None:
        self._encode = encode

    def show_host(self, row: Row) -> bytes:
        """Return the row; strings are as they are."""
        return b"," + self._encode(row)

    def begin(self, revision: int) -> bytes:
        """Return the columns, and of what the rows are."""
        head = {"version": 1, "revision": revision, "columns": COLUMNS}
        return self._encode(head)[:-1] + b',"rows":['

    def gather(self, hosts: Sequence[Host]) -> Members:
        """Return the places of the members among these hosts, as bytes of an array."""
        members: dict[str, array[int]] = {}
        for place, host in enumerate(hosts):
            for group in host.groups:
                members.setdefault(group, array("I")).append(place)
        return {group: places.tobytes() for group, places in members.items()}

    def show_groups(self, gathered: Gathered) -> Iterator[Sequence[bytes]]:
        """Yield each group with the places of its hosts among all rows."""
        for group, parts in gathered.items():
            places: list[int] = []
            for start, members in parts:
                places += [start + place for place in array("I", members)]
            yield [b",%b:%b" % (self._encode(group), self._encode(places))]


class FirstForm:
    """The shape that the first inventory script reads: a flat list of nodes."""

    middle = b"]"
    end = b"}"

    def __init__(self, encode: Encode) -> None:
        self._encode = encode

    def show_host(self, row: Row) -> bytes:
        """Return the node with the keys that the script knows."""
        return b"," + self._encode(get_first_node(row))

    def begin(self, _revision: int) -> bytes:
        """Return the way to the nodes."""
        return b'{"nodes":['

    def gather(self, _hosts: Sequence[Host]) -> Members:
        """Return nothing: this form has no groups."""
        return {}

    def show_groups(self, _gathered: Gathered) -> Iterator[Sequence[bytes]]:
        """Yield nothing."""
        yield from ()
