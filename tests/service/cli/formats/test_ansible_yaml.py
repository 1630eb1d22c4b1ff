# SPDX-License-Identifier: Apache-2.0
"""The inventory as a file: Ansible's YAML plugin and our own import read the fleet from it."""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from hypothesis import given
from hypothesis import strategies as st

from inventory_service.cli.formats.ansible_yaml import write_inventory
from inventory_service.cli.formats.yaml_nodes import read_yaml
from inventory_service.cli.formats.yaml_values import UNSAFE
from inventory_service.core.variables import check_variables
from inventory_service.inventory.domain import COLUMNS
from tests.service.cli.formats.node_strategies import NODES, PATIENT, find_hidden, set_fields

Clean = Callable[[dict[str, Any]], dict[str, Any]]


class Loader(yaml.SafeLoader):
    """Reads YAML as Ansible does: what is marked as unsafe is a text of its own class."""


class Unsafe(str):
    """A text that was marked."""

    __slots__ = ()


Loader.add_constructor(UNSAFE, lambda loader, node: Unsafe(loader.construct_scalar(node)))


def make_row(**fields: Any) -> list[Any]:
    return [{"labels": {}, "vars": {}, **fields}.get(name) for name in COLUMNS]


def write(
    rows: list[list[Any]], groups: dict[str, list[int]], clean: Clean = lambda held: held
) -> str:
    file = io.StringIO()
    write_inventory(file, {"revision": 7, "rows": rows, "groups": groups}, clean)
    return file.getvalue()


def load(text: str) -> Any:
    return yaml.load(text, Loader=Loader)["all"]  # noqa: S506 - it is a SafeLoader


@given(NODES)
@PATIENT
def test_an_inventory_is_read_again(nodes: list[dict[str, Any]]) -> None:
    """It has no image and no host keys; all else of a node comes back."""
    nodes = list({node["node_id"]: node for node in nodes}.values())
    known = [{k: v for k, v in node.items() if k in COLUMNS} for node in nodes]
    rows = [make_row(**{"state": "active", "mesh_port": 51820, **node}) for node in known]
    text = write(rows, {"web": [0]})
    assert set_fields(read_yaml(text)) == known
    assert not find_hidden(text)


def test_hosts_and_groups_are_where_ansible_expects_them() -> None:
    rows = [make_row(node_id="a", node_type="web"), make_row(node_id="b", node_type="web")]
    text = write(rows, {"web": [0, 1], "empty": []})
    assert text.startswith("# The fleet at revision 7,")
    document = load(text)
    assert list(document["hosts"]) == ["a", "b"]
    assert document["hosts"]["a"]["node_type"] == "web"
    assert document["children"] == {
        "web": {"hosts": {"a": None, "b": None}},
        "empty": {"hosts": {}},
    }


def test_an_empty_fleet_is_an_inventory_too() -> None:
    assert load(write([], {})) == {"hosts": {}, "children": {}}


@pytest.mark.parametrize(
    ("value", "is_marked"),
    [
        ("{{ lookup('pipe', 'id') }}", True),
        ("{% if x %}", True),
        ("a\u202eb", True),
        ("yes: no", False),
    ],
)
def test_a_text_that_ansible_could_run_is_marked_however_deep_it_is(
    value: str, *, is_marked: bool
) -> None:
    row = make_row(node_id="a", vars={"own": {"deep": [value]}})
    (found,) = load(write([row], {}))["hosts"]["a"]["own"]["deep"]
    assert found == value
    assert isinstance(found, Unsafe) == is_marked


#: Texts that YAML 1.1 or 1.2 reads as something else where they have no quotes.
OTHER_MEANINGS = [
    *("=", "<<", "~", "null", "Null", "", "yes", "off", "y", "true", "TRUE", "!", "&a", "*a", "?"),
    *("1_000", "0x1F", "0o17", "0b1", "017", "1e3", "1.5e+3", "-.5", "+1", "190:20:30", "12:30"),
    *(".inf", "-.INF", ".nan", "2026-11-26", "2026-11-26T10:00:00+01:00", "2026-11-26 10:00:00Z"),
    *("true\n", "=\n", "~\n", "1_0\n", "---", "...", "- a", "a: b", "# a", " a ", "%a", "{}", "[]"),
]


def load_by_ansible(text: str) -> Any:
    """Return what ansible-core itself reads, as plain values."""
    return json.loads(json.dumps(DataLoader().load(text)["all"]["hosts"]["a"]))


@pytest.mark.parametrize("text", OTHER_MEANINGS, ids=repr)
def test_a_text_with_another_meaning_without_quotes_stays_a_text(text: str) -> None:
    row = make_row(node_id="a", vars={"own": [text]}, labels={"mark": text})
    written = write([row], {})
    found = load_by_ansible(written)
    assert (found["own"], found["labels"]) == ([text], {"mark": text})
    (again,) = set_fields(read_yaml(written))
    assert (again["vars"], again["labels"]) == ({"own": [text]}, {"mark": text})


@pytest.mark.parametrize("text", ["1e3", "1.5E-3", "0o17", "12e03", "-.5e1"])
def test_a_number_of_yaml_1_2_is_in_quotes(text: str) -> None:
    assert f"own: '{text}'" in write([make_row(node_id="a", vars={"own": text})], {})


def is_allowed(text: str) -> bool:
    """Return whether a variable may hold the text."""
    try:
        check_variables({"own": text})
    except ValueError:
        return False
    return True


_ODD = st.one_of(
    st.sampled_from(OTHER_MEANINGS),
    st.text("=<~_.+-:0123456789eExTZn \n{%#}'\"\\!&*?|>@`,[]", max_size=8),
    st.text(max_size=12),
).filter(is_allowed)


@given(st.dictionaries(st.from_regex(r"own_[a-z]{1,5}", fullmatch=True), _ODD, max_size=8))
@PATIENT
def test_each_text_is_the_same_for_ansible(variables: dict[str, str]) -> None:
    found = load_by_ansible(write([make_row(node_id="a", vars=variables)], {}))
    assert {name: found.get(name) for name in variables} == variables


def test_a_character_that_turns_text_round_is_written_as_an_escape() -> None:
    text = write([make_row(node_id="a", vars={"motto": "a\u202eb", "town": "東京"})], {})
    assert not find_hidden(text)
    assert load(text)["hosts"]["a"]["motto"] == "a\u202eb"


def test_what_is_cleaned_away_is_not_written() -> None:
    row = make_row(node_id="a", vars={"password": "SECRET", "port": 1})
    text = write([row], {}, lambda held: {k: v for k, v in held.items() if k != "password"})
    assert "SECRET" not in text
    assert load(text)["hosts"]["a"]["port"] == 1


def test_a_long_text_is_on_one_line() -> None:
    text = write([make_row(node_id="a", vars={"motto": "word " * 200})], {})
    assert any("word " * 100 in line for line in text.splitlines())
