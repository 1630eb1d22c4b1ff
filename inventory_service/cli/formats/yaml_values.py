# SPDX-License-Identifier: Apache-2.0
"""Values of JSON in files of YAML, each error with its line and column."""

from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from inventory_service.cli.formats.source_row import file_error

#: How Ansible marks a text that must never become a template.
UNSAFE = "!unsafe"
#: The part of PyYAML that is written in C is ten times as fast, where it was built with it.
_LOADER = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
_TAG = "tag:yaml.org,2002:"
NULL = f"{_TAG}null"
#: Read as JSON would: a date is a text.
_TEXTS = (f"{_TAG}str", f"{_TAG}timestamp", f"{_TAG}value", UNSAFE)
_VALUES = (NULL, f"{_TAG}bool", f"{_TAG}int", f"{_TAG}float")
#: The service takes values 8 levels deep.
_DEEPEST = 32


def compose(text: str) -> Sequence[yaml.Node]:
    """Return the documents of a file that are not empty, as PyYAML has them before their values.

    :raises BadInput: it is not YAML, has an alias, or is nested too deeply.
    """
    try:
        _check(text)
        return [root for root in yaml.compose_all(text, Loader=_LOADER) if not _is_empty(root)]
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise file_error(
            "file",
            f"is not YAML: {error.problem or error.context}",
            mark.line + 1 if mark else None,
            mark.column + 1 if mark else None,
        ) from None
    except yaml.YAMLError as error:
        raise file_error("file", f"is not YAML: {str(error).splitlines()[0]}") from None


class Values:
    """Turns nodes of YAML into values of JSON."""

    def __init__(self) -> None:
        self._constructor = yaml.constructor.SafeConstructor()

    def value(self, node: yaml.Node) -> Any:  # noqa: ANN401 (JSON)
        """Return the value of a node.

        :raises BadInput: it is none of JSON; the error has its line and column.
        """
        if isinstance(node, yaml.MappingNode) and node.tag == f"{_TAG}map":
            return dict(self._members(node))
        if isinstance(node, yaml.SequenceNode) and node.tag == f"{_TAG}seq":
            return [self.value(item) for item in node.value]
        if isinstance(node, yaml.ScalarNode) and node.tag in _TEXTS:
            return node.value
        if isinstance(node, yaml.ScalarNode) and node.tag in _VALUES:
            return self._scalar(node)
        raise node_error(node, f"has the tag {node.tag}, which no value of JSON has")

    def _members(self, node: yaml.MappingNode) -> Iterator[tuple[str, Any]]:
        names: set[str] = set()
        for key, held in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag not in _TEXTS:
                raise node_error(key, "must be a text, like all names; put it into quotes")
            if key.value in names:
                raise node_error(key, f"{key.value[:64]!r} is there twice")
            names.add(key.value)
            yield key.value, self.value(held)

    def _scalar(self, node: yaml.ScalarNode) -> object:
        try:
            value = self._constructor.construct_object(node)
        except ValueError:
            raise node_error(
                node, f"{node.value[:64]!r} cannot be read; put it into quotes"
            ) from None
        if value in (float("inf"), float("-inf")) or value != value:  # noqa: PLR0124 (only NaN)
            raise node_error(node, f"{node.value} is no number of JSON")
        return value


def line_of(node: yaml.Node) -> int:
    """Return the line on which a node begins, counted from 1."""
    return int(node.start_mark.line) + 1


def node_error(found: yaml.Node | yaml.Event, reason: str) -> Exception:
    """Return the exception for one error at a place of the file."""
    mark = found.start_mark
    position = (mark.line + 1, mark.column + 1) if mark else ()
    return file_error("value", reason, *position)


def _check(text: str) -> None:
    """Raise BadInput if YAML is too deep to be composed: the part of PyYAML in C would crash."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.AliasEvent):
            # A few aliases of aliases can stand for more than a machine can hold.
            raise node_error(event, "is an alias; write the value out")
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise node_error(event, "is nested too deeply")


def _is_empty(root: yaml.Node | None) -> bool:
    is_null = isinstance(root, yaml.ScalarNode) and root.tag == NULL
    return root is None or (is_null and not root.value)
