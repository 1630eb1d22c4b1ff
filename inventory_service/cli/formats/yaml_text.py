# SPDX-License-Identifier: Apache-2.0
"""YAML as files have it: one line a value, and read alike by YAML 1.1 and 1.2."""

import re
from typing import Any

import yaml

from inventory_service.cli.terminal.text import escape_controls

#: Wider than any value: a folded text is hard to search for.
_WIDTH = 10**9
#: Numbers of YAML 1.2 (section 10.3.2) that YAML 1.1 takes for texts; quoted, both read the text.
_NUMBER_1_2 = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$|0o[0-7]+$")
_DUMPER: type[Any] = yaml.CSafeDumper if yaml.__with_libyaml__ else yaml.SafeDumper


class Dumper(_DUMPER):  # type: ignore[misc] # which of two it is, is known when it runs
    """Writes values of JSON."""

    def ignore_aliases(self, _data: object) -> bool:
        """Write a value out each time: readers of these files refuse aliases."""
        return True


Dumper.add_implicit_resolver("tag:yaml.org,2002:float", _NUMBER_1_2, list("+-.0123456789"))


def dump_yaml(value: object, dumper: type[Dumper] = Dumper) -> str:
    """Return the value as a block of YAML; the keys of a map stay in their order."""
    text = _dump(value, dumper, is_plain=True)
    if escape_controls(text) != text:
        # As escapes, characters that change the direction of text hide nothing from a reader.
        text = _dump(value, dumper, is_plain=False)
    return text


def _dump(value: object, dumper: type[Dumper], *, is_plain: bool) -> str:
    return str(
        yaml.dump(
            value,
            Dumper=dumper,
            allow_unicode=is_plain,
            sort_keys=False,
            width=_WIDTH,
            default_flow_style=False,
        )
    )
