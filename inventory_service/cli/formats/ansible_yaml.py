# SPDX-License-Identifier: Apache-2.0
"""The inventory as a file that Ansible's own YAML plugin reads, for a day without the service.

It has the groups and variables of the inventory plugin, and texts that are data stay
data (https://docs.ansible.com/ansible/latest/collections/ansible/builtin/yaml_inventory.html).
"""

import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TextIO

import yaml

from inventory_service.cli.formats.yaml_text import Dumper, dump_yaml
from inventory_service.cli.formats.yaml_values import UNSAFE
from inventory_service.inventory.domain import get_host_variables

_TEXT = "tag:yaml.org,2002:str"
Row = Sequence[Any]


class _Unsafe(str):
    """A text that Ansible must not take for a template."""

    __slots__ = ()


_RESOLVER: Any = yaml.resolver.Resolver()


class _Dumper(Dumper):
    """Writes marked texts with the tag that Ansible knows."""


def _represent(dumper: yaml.representer.BaseRepresenter, text: _Unsafe) -> yaml.Node:
    return dumper.represent_scalar(UNSAFE, str(text), style='"')


_Dumper.add_representer(_Unsafe, _represent)


def write_inventory(
    file: TextIO,
    document: Mapping[str, Any],
    clean: Callable[[dict[str, Any]], dict[str, Any]],
) -> None:
    """Write the inventory, host by host; ``clean`` removes from variables what must not be written.

    ``document`` is the answer of ``GET /api/v1/inventory?format=columns``.
    """
    rows = document["rows"]
    file.write(f"# The fleet at revision {document['revision']}, by `qm export nodes`.\nall:\n")
    file.write("  hosts:\n" if rows else "  hosts: {}\n")
    for row in rows:
        variables = clean(get_host_variables(row))
        file.write(_block({row[0]: _mark(variables)}, indent=4))
    groups = document["groups"]
    file.write("  children:\n" if groups else "  children: {}\n")
    for group, indexes in groups.items():
        members = {"hosts": {rows[index][0]: None for index in indexes}}
        file.write(_block({group: members}, indent=4))


def _mark(value: object) -> object:
    """Return the value with each text that the inventory marks as unsafe as `_Unsafe`."""
    if isinstance(value, dict):
        if value.keys() == {"__ansible_unsafe"}:
            return _mark_text(value["__ansible_unsafe"])
        return {name: _mark(held) for name, held in value.items()}
    if isinstance(value, list):
        return [_mark(held) for held in value]
    return value


def _mark_text(text: str) -> str:
    """Return the text as `_Unsafe`, unless Ansible would read something else from it.

    ansible-core 2.19 and newer read what is marked as if it had no quotes: `~` as null, `1_000` as
    a number; `=` they cannot read at all (ansible-core, _internal/_yaml/_constructor.py,
    _resolve_and_construct_object). None of these is a template, so that quotes suffice.
    """
    tag: str = _RESOLVER.resolve(yaml.ScalarNode, text, (True, False))
    return _Unsafe(text) if tag == _TEXT else text


def _block(value: object, *, indent: int) -> str:
    return textwrap.indent(dump_yaml(value, _Dumper), " " * indent)
