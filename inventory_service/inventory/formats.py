# SPDX-License-Identifier: Apache-2.0
"""The formats of the inventory: Ansible's document, a columnar one, and the first one.

Each encodes hosts and groups, and what comes before, between and after them; `Document` joins all.
Every host and group begins with a comma, which the first one loses.
"""

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from inventory_service.inventory.chunks import Host
from inventory_service.inventory.domain import COLUMNS, Row, get_host_variables, get_legacy_node

Encode = Callable[[Any], bytes]
#: The members of each group among some hosts, in a shape that only the format knows.
Members = Mapping[str, bytes]
#: For each group: how many hosts come before those of its members, and the members.
MembersByGroup = Mapping[str, Sequence[tuple[int, bytes]]]


class InventoryFormat(Protocol):
    """An encoding of the inventory."""

    end: bytes

    def encode_host(self, row: Row) -> bytes:
        """Return the bytes of one host, which begin with a comma."""

    def begin(self, revision: int) -> bytes:
        """Return what comes before the hosts."""

    def collect_members(self, hosts: Sequence[Host]) -> Members:
        """Return the members of each group among these hosts."""

    def encode_groups(self, members_by_group: MembersByGroup) -> Iterator[Sequence[bytes]]:
        """Yield the texts of each group; the argument is sorted by name."""

    @property
    def middle(self) -> bytes:
        """Return what comes between hosts and groups."""


class AnsibleFormat:
    """What an Ansible inventory script prints, ``_meta.hostvars`` included."""

    middle = b"}},"
    end = b"}"

    def __init__(self, encode: Encode) -> None:
        self._encode = encode

    def encode_host(self, row: Row) -> bytes:
        """Return its name and its variables."""
        return b",%b:%b" % (self._encode(row[0]), self._encode(get_host_variables(row)))

    def begin(self, _revision: int) -> bytes:
        """Return the keys that lead to the host variables."""
        return b'{"_meta":{"hostvars":{'

    def collect_members(self, hosts: Sequence[Host]) -> Members:
        """Return the names of the members, with commas between them."""
        members: dict[str, list[bytes]] = {}
        for host in hosts:
            name = self._encode(host.name)
            for group in host.groups:
                members.setdefault(group, []).append(name)
        return {group: b",".join(names) for group, names in members.items()}

    def encode_groups(self, members_by_group: MembersByGroup) -> Iterator[Sequence[bytes]]:
        """Yield `all` with its children, then each of them with its hosts."""
        yield [b',"all":%b' % self._encode({"children": [*members_by_group, "ungrouped"]})]
        for group, parts in members_by_group.items():
            texts = [b',%b:{"hosts":[' % self._encode(group)]
            for index, (_, names) in enumerate(parts):
                texts += [b",", names] if index else [names]
            yield [*texts, b"]}"]


class ColumnsFormat:
    """The names of the columns once and a row a host; groups list the indexes of rows."""

    middle = b'],"groups":{'
    end = b"}}"

    def __init__(self, encode: Encode) -> None:
        self._encode = encode

    def encode_host(self, row: Row) -> bytes:
        """Return the row; strings are not marked unsafe."""
        return b"," + self._encode(row)

    def begin(self, revision: int) -> bytes:
        """Return version, revision and column names."""
        head = {"version": 1, "revision": revision, "columns": COLUMNS}
        return self._encode(head)[:-1] + b',"rows":['

    def collect_members(self, hosts: Sequence[Host]) -> Members:
        """Return the indexes of the members among these hosts, as bytes of an array."""
        members: dict[str, array[int]] = {}
        for index, host in enumerate(hosts):
            for group in host.groups:
                members.setdefault(group, array("I")).append(index)
        return {group: indexes.tobytes() for group, indexes in members.items()}

    def encode_groups(self, members_by_group: MembersByGroup) -> Iterator[Sequence[bytes]]:
        """Yield each group with the indexes of its hosts among all rows."""
        for group, parts in members_by_group.items():
            indexes: list[int] = []
            for start, members in parts:
                indexes += [start + index for index in array("I", members)]
            yield [b",%b:%b" % (self._encode(group), self._encode(indexes))]


class LegacyFormat:
    """The shape that the first inventory script reads: a flat list of nodes."""

    middle = b"]"
    end = b"}"

    def __init__(self, encode: Encode) -> None:
        self._encode = encode

    def encode_host(self, row: Row) -> bytes:
        """Return the node with the keys that the script knows."""
        return b"," + self._encode(get_legacy_node(row))

    def begin(self, _revision: int) -> bytes:
        """Return the key that leads to the nodes."""
        return b'{"nodes":['

    def collect_members(self, _hosts: Sequence[Host]) -> Members:
        """Return nothing: this format has no groups."""
        return {}

    def encode_groups(self, _gathered: MembersByGroup) -> Iterator[Sequence[bytes]]:
        """Yield nothing."""
        yield from ()
