# SPDX-License-Identifier: Apache-2.0
"""Templates as files: what differs from the defaults, and nothing that the service sets itself."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from inventory_service.cli.formats.source_row import file_error
from inventory_service.cli.formats.yaml_text import dump_yaml
from inventory_service.cli.formats.yaml_values import Values, compose, line_of, node_error
from inventory_service.core.redaction import redact
from inventory_service.runs.domain.templates import TemplateRegistration

#: What kind of thing a document declares.
KIND = "template"
SUFFIXES = (".json", ".yaml", ".yml")
#: Of an answer of the service, and of no file.
_SET_BY_SERVICE = frozenset({"created_at", "retired_at", "revision"})
_DEFAULTS: Mapping[str, Any] = TemplateRegistration(template="x", playbook="x.yml").model_dump(
    mode="json", exclude={"template", "playbook", "reason"}
)
#: Without a line end at the end, a file of them would grow at each export.
_HEAD = "# By `qm template export`; a field that is left out has its default: docs/runs.md.\n"


@dataclass(frozen=True)
class SourceTemplate:
    """A template as a file declares it, not yet checked."""

    file: str
    #: The line of the document, and of each of its fields; counted from 1.
    line: int
    fields: dict[str, Any]
    lines: Mapping[str, int] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Return the name, for messages; it may be none."""
        return str(self.fields.get("template", "without a name"))[:64]


def to_document(template: Mapping[str, Any]) -> dict[str, Any]:
    """Return a template of the service as a file has it.

    A field that this release does not know is kept, whatever it holds.
    """
    document: dict[str, Any] = {"kind": KIND}
    for name, value in template.items():
        if name in _SET_BY_SERVICE or (name in _DEFAULTS and value == _DEFAULTS[name]):
            continue
        document[name] = _differing(_DEFAULTS.get(name), value) if name == "filters" else value
    return document


def find_secrets(template: Mapping[str, Any]) -> list[str]:
    """Return the names of the variables that are named like secrets."""
    variables: Mapping[str, Any] = template.get("variables", {})
    return [name for name, value in variables.items() if redact({name: value}) != {name: value}]


def dump_templates(documents: Iterable[Mapping[str, Any]]) -> str:
    """Return a file of templates, one document each."""
    return _HEAD + "---\n".join(dump_yaml(document) for document in documents)


def find_files(path: Path) -> list[Path]:
    """Return the file, or those of a folder by name, but no hidden ones and none below it."""
    if not path.is_dir():
        return [path]
    return sorted(
        one
        for one in path.iterdir()
        if one.suffix in SUFFIXES and not one.name.startswith(".") and one.is_file()
    )


def read_templates(text: str, file: str) -> list[SourceTemplate]:
    """Return the templates of a file: each is a document of its own, or one of a list.

    :raises BadInput: it is no YAML and no JSON, or declares something else; errors have lines.
    """
    return [
        _read(node, file) for root in compose(text.removeprefix("\ufeff")) for node in _items(root)
    ]


def _items(root: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(root, yaml.SequenceNode):
        yield from root.value
    else:
        yield root


def _read(node: yaml.Node, file: str) -> SourceTemplate:
    if not isinstance(node, yaml.MappingNode):
        raise node_error(node, "must be an object with the fields of a template")
    fields = Values().value(node)
    lines = {key.value: line_of(key) for key, _ in node.value}
    kind = fields.pop("kind", KIND)
    if kind != KIND:
        reason = f"is {str(kind)[:64]!r}, and only templates are imported: kind: {KIND}"
        raise file_error("kind", reason, lines["kind"])
    return SourceTemplate(file, line_of(node), fields, lines)


def _differing(default: object, value: object) -> object:
    """Return the members of an object that differ from the default."""
    if not isinstance(default, dict) or not isinstance(value, dict):
        return value
    return {
        name: held for name, held in value.items() if name not in default or default[name] != held
    }
