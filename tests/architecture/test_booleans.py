# SPDX-License-Identifier: Apache-2.0
"""A role's truth values are used as such, also if they come as the texts "no" and "false".

Ansible checks that a text means yes or no, and hands the text on: `-e x=false` is a text, and every
text is true. So each use goes through the filter `bool`, or whole to an option of a module, which
has a type of its own.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jinja2 import Environment, nodes

ROOT = Path(__file__).parents[2]
ROLES = ("common", "firewall", "provision", "wireguard")
#: Keys of a task whose text is an expression without braces.
CONDITIONS = {"when", "that", "failed_when", "changed_when", "until"}
JINJA = Environment(autoescape=False)  # noqa: S701 - only parsed

Option = tuple[str, bool]
"""A name, and whether it is that of an entry's key rather than of a variable."""


def list_options(options: dict[str, Any], *, is_nested: bool = False) -> Iterator[Option]:
    """Yield the options of type bool, those of entries too."""
    for name, spec in options.items():
        if spec.get("type") == "bool":
            yield name, is_nested
        yield from list_options(spec.get("options", {}), is_nested=True)


def read_options(role: Path) -> set[Option]:
    """Return the truth values that a role takes."""
    specs = yaml.safe_load((role / "meta" / "argument_specs.yml").read_text("utf-8"))
    entries = specs["argument_specs"].values()
    return {option for entry in entries for option in list_options(entry.get("options", {}))}


def list_templates(role: Path) -> Iterator[tuple[str, bool]]:
    """Yield each template of a role, and whether it is a module's option."""
    for path in sorted(role.glob("templates/**/*.j2")):
        yield path.read_text("utf-8"), False
    for folder in ("tasks", "handlers", "vars", "defaults"):
        for path in sorted(role.glob(f"{folder}/**/*.yml")):
            yield from _list_texts(yaml.safe_load(path.read_text("utf-8")))


def _list_texts(
    value: Any, key: str = "", *, is_option: bool = False
) -> Iterator[tuple[str, bool]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            # A module's name has dots; its options are below it.
            inside = name != "vars" and (is_option or "." in name)
            yield from _list_texts(inner, name, is_option=inside)
    elif isinstance(value, list):
        for inner in value:
            yield from _list_texts(inner, key, is_option=is_option)
    elif isinstance(value, str) and key in CONDITIONS:
        yield f"{{{{ {value} }}}}", False
    elif isinstance(value, str):
        yield value, is_option


def find_bare(template: str, option: Option, *, is_option: bool = False) -> list[int]:
    """Return the lines on which a truth value is used as the text that it may be."""
    # Ansible takes backslashes in constants as they are.
    tree = JINJA.parse(template.replace("\\", "\\\\"))
    parents = {id(child): node for node in _walk(tree) for child in node.iter_child_nodes()}
    uses = [node for node in _walk(tree) if _is_use(node, option)]
    return [use.lineno for use in uses if not _is_safe(use, parents, is_option=is_option)]


def _walk(node: nodes.Node) -> Iterator[nodes.Node]:
    yield node
    for child in node.iter_child_nodes():
        yield from _walk(child)


def _is_use(node: nodes.Node, option: Option) -> bool:
    name, is_nested = option
    if not is_nested:
        return isinstance(node, nodes.Name) and node.name == name
    if isinstance(node, nodes.Getattr):
        return node.attr == name
    return isinstance(node, nodes.Getitem) and getattr(node.arg, "value", None) == name


def _is_safe(use: nodes.Node, parents: dict[int, nodes.Node], *, is_option: bool) -> bool:
    node, parent = use, parents[id(use)]
    while isinstance(parent, nodes.Filter) and parent.node is node:
        last = parent.name.rpartition(".")[2]
        if last == "bool":
            return True
        if last not in {"default", "d"}:
            return False
        node, parent = parent, parents[id(parent)]
    if isinstance(parent, nodes.Test):
        return parent.name in {"defined", "undefined"}
    is_whole = isinstance(parent, nodes.Output) and len(parent.nodes) == 1
    return is_option and is_whole


def _list_cases() -> list[tuple[str, Option]]:
    return [
        (role, option) for role in ROLES for option in sorted(read_options(ROOT / "roles" / role))
    ]


@pytest.mark.parametrize(("role", "option"), _list_cases(), ids=str)
def test_a_truth_value_is_used_as_one(role: str, option: Option) -> None:
    bare = [
        template
        for template, is_option in list_templates(ROOT / "roles" / role)
        if find_bare(template, option, is_option=is_option)
    ]
    assert bare == []


def test_the_roles_have_truth_values_to_look_at() -> None:
    assert ("common_upgrades_reboot", False) in read_options(ROOT / "roles" / "common")
    assert ("sudo", True) in read_options(ROOT / "roles" / "common")


@pytest.mark.parametrize(
    "template",
    [
        "{{ x }}",
        "{% if x %}y{% endif %}",
        "{{ 1 if x else 2 }}",
        "{{ x | ternary(1, 0) }}",
        "{{ x | default(false) }} ",
        "{{ [x] }}",
        "{{ not x }}",
        "{{ y and x | default(true) }}",
        "{{ x == true }}",
        "{{ {'x': x} | refusals }}",
    ],
)
def test_a_text_that_would_be_true_is_found(template: str) -> None:
    assert find_bare(template, ("x", False))
    assert find_bare(template.replace("x", "u.x"), ("x", True))
    assert find_bare(template.replace("x", "u['x']").replace("'u['x']'", "'x'"), ("x", True))


@pytest.mark.parametrize(
    "template",
    [
        "{{ x | bool }}",
        "{% if x | default(false) | bool and y %}y{% endif %}",
        "{{ x | ansible.builtin.bool | ternary(1, 0) }}",
        "{{ x is defined }}",
        "{{ y.x }}",
        "x",
    ],
)
def test_a_truth_value_or_another_name_is_none(template: str) -> None:
    assert find_bare(template, ("x", False)) == []


def test_an_option_of_a_module_has_a_type_of_its_own_if_it_is_handed_over_whole() -> None:
    assert find_bare("{{ x | default(false) }}", ("x", False), is_option=True) == []
    assert find_bare("{{ x }} ", ("x", False), is_option=True)
    assert find_bare("{{ x | ternary(1, 0) }}", ("x", False), is_option=True)


def test_conditions_and_variables_are_no_options_of_modules(tmp_path: Path) -> None:
    role = tmp_path / "tasks"
    role.mkdir()
    (role / "main.yml").write_text(
        "- name: Task\n  a.b.c:\n    d: '{{ x }}'\n    that: x\n"
        "  vars:\n    e: '{{ x }}'\n  when: [x]\n"
    )

    found = [(text, is_option) for text, is_option in list_templates(tmp_path) if "x" in text]

    assert found == [("{{ x }}", True), ("{{ x }}", False), ("{{ x }}", False), ("{{ x }}", False)]
