# SPDX-License-Identifier: Apache-2.0
"""Words of the command line become fields of a request, as data."""

import io
from pathlib import Path
from typing import Any

import click
import pytest

from inventory_service.cli.client.options import (
    drop_unset,
    json_file,
    json_or_text,
    json_pairs,
    option_of,
    pairs,
)

CONTEXT = click.Context(click.Command("set"))
OPTION = click.Option(["--label"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("8080", 8080),
        ('"8080"', "8080"),
        ("true", True),
        ("True", "True"),
        ("null", None),
        ('{"a": [1, 2]}', {"a": [1, 2]}),
        ("{{ lookup('pipe', 'id') }}", "{{ lookup('pipe', 'id') }}"),
        ("-x", "-x"),
        ("", ""),
        ("NaN", "NaN"),
        ("-Infinity", "-Infinity"),
        ("[" * 100_000, "[" * 100_000),
        ("10.0.0.1", "10.0.0.1"),
        ("two\nlines", "two\nlines"),
    ],
)
def test_a_value_is_json_or_else_text(text: str, expected: object) -> None:
    value = json_or_text(text)
    assert (value, type(value)) == (expected, type(expected))


def test_a_pair_ends_its_key_at_the_first_equals_sign() -> None:
    assert pairs(CONTEXT, OPTION, ["a=b=c", "d="]) == {"a": "b=c", "d": ""}


@pytest.mark.parametrize("words", [["a"], ["=b"], ["a=1", "a=2"], [""]])
def test_what_is_no_pair_or_comes_twice_is_refused(words: list[str]) -> None:
    with pytest.raises(click.BadParameter):
        pairs(CONTEXT, OPTION, words)


@pytest.mark.parametrize("value", ["1e999", '{"b": [-1e999]}', str(2**63)])
def test_a_number_that_cannot_be_kept_is_refused(value: str) -> None:
    with pytest.raises(click.BadParameter, match="beyond"):
        json_pairs(CONTEXT, OPTION, [f"a={value}"])


def test_a_file_is_read_as_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "survey.json"
    path.write_text('{"a": ["ż", 1, null]}', "utf-8")
    monkeypatch.setattr("sys.stdin", io.StringIO(path.read_text("utf-8")))
    for name in (str(path), "-"):
        assert json_file(CONTEXT, OPTION, name) == {"a": ["ż", 1, None]}


@pytest.mark.parametrize("path", [None, ""])
def test_no_file_is_left_out_or_clears(path: str | None) -> None:
    assert json_file(CONTEXT, OPTION, path) == path


@pytest.mark.parametrize("content", [b"", b"{", b"NaN", b"[-Infinity]", b"\xff", b"[" * 100_000])
def test_a_file_that_is_no_json_is_refused_by_its_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "survey.json"
    path.write_bytes(content)
    for name in (path, tmp_path / "absent", tmp_path):
        with pytest.raises(click.BadParameter, match=str(name)):
            json_file(CONTEXT, OPTION, str(name))


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"region": None}, {}),
        ({"region": ""}, {"region": None}),
        ({"region": "eu", "labels": {}}, {"region": "eu"}),
        ({"mesh_port": 0}, {"mesh_port": 0}),
        ({"nodes": ("a", "b"), "node_types": ()}, {"nodes": ["a", "b"]}),
        ({"nodes": ("",)}, {"nodes": []}),
    ],
)
def test_only_what_was_said_is_sent_and_empty_text_clears(
    said: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert drop_unset(**said) == expected


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("node_type", "--type"),
        ("labels.tier", "--label tier"),
        ("labels[0]", "--label [0]"),
        ("node_id", "node_id"),
        ("node_typo", "node_typo"),
        ("", ""),
    ],
)
def test_a_field_is_named_by_the_option_of_the_running_command(field: str, expected: str) -> None:
    options = [click.Option(["--type", "node_type"]), click.Option(["--label", "labels"])]
    command = click.Command("add", params=[click.Argument(["node_id"]), *options])
    assert option_of(field) == field
    with click.Context(command):
        assert option_of(field) == expected
