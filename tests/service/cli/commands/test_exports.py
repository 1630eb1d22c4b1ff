# SPDX-License-Identifier: Apache-2.0
"""`qm export nodes` against a real service: chosen nodes, whole files, and no secrets."""

import csv
import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from inventory_service.client import ServiceUnreachable, transport
from inventory_service.core.actors import Scope
from inventory_service.settings import Settings

Qm = Callable[..., Result]
Ask = Callable[..., Any]


@pytest.fixture
def settings(database_url: str) -> Settings:
    """Let an address of a retired node be given again at once."""
    return Settings(database_url=database_url, log_level="error", address_quarantine_s=0)


@pytest.fixture(autouse=True)
def fleet(ask: Ask, mesh: str) -> None:
    """Three nodes, one with values that need care."""
    for name, region in (("web-1", "eu"), ("web-2", "us"), ("web-3", "eu")):
        ask("node", "add", name, "--type", "web", "--cluster", mesh, "--region", region)
    hard = ("--label", 'who=Łucja, "the" 1st', "--var", 'own={"a": ["=1", "two\\nlines"]}')
    secret = ("--var", "db_password=hunter2", "--label", "token=hunter2")
    ask("node", "set", "web-1", "--image", "=cmd|' /C calc'!A0", *hard, *secret)


@pytest.mark.parametrize(
    ("form", "read"),
    [
        ("json", json.loads),
        ("jsonl", lambda text: [json.loads(line) for line in text.splitlines()]),
        ("csv", lambda text: list(csv.DictReader(text.splitlines()))),
    ],
)
def test_the_filters_the_order_and_the_fields_are_those_of_the_list(
    qm: Qm, form: str, read: Callable[[str], Any]
) -> None:
    words = ("--region", "eu", "--sort", "-node_id", "--fields", "node_id,region")
    result = qm("export", "nodes", "--format", form, *words, scope=Scope.VIEWER)
    assert result.exit_code == 0, result.output
    assert read(result.stdout) == [
        {"node_id": "web-3", "region": "eu"},
        {"node_id": "web-1", "region": "eu"},
    ]


def test_all_of_a_node_is_written_but_what_is_named_like_a_secret(qm: Qm, ask: Ask) -> None:
    result = qm("export", "nodes", "--json")
    assert "hunter2" not in result.output
    assert "Left out as secrets: db_password (1), token (1)." in result.stderr
    known = ask("node", "list")
    assert [node.keys() for node in json.loads(result.stdout)] == [node.keys() for node in known]
    whole = qm("export", "nodes", "--json", "--with-secrets")
    assert json.loads(whole.stdout) == known
    assert whole.stderr == ""


@pytest.mark.parametrize("form", ["csv", "json", "jsonl", "yaml"])
def test_no_form_writes_secrets(qm: Qm, form: str) -> None:
    result = qm("export", "nodes", "--format", form, "--state", "any")
    assert result.exit_code == 0, result.output
    assert "web-1" in result.stdout
    assert "hunter2" not in result.output
    assert "qm_" not in result.output


def test_pages_are_joined(qm: Qm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "PAGE_SIZE", 2)
    found = json.loads(qm("export", "nodes", "--json").stdout)
    assert [node["node_id"] for node in found] == ["web-1", "web-2", "web-3"]


@pytest.mark.parametrize(
    ("name", "begins"),
    [("f.csv", '"node_id",'), ("f.json", "[\n"), ("f.jsonl", '{"node_id"'), ("f.yml", "# The fl")],
)
def test_a_file_is_for_its_owner_and_of_the_form_that_its_name_tells(
    qm: Qm, tmp_path: Path, name: str, begins: str
) -> None:
    path = tmp_path / name
    path.write_text("old")
    result = qm("export", "nodes", "--output", str(path))
    assert (result.exit_code, result.stdout) == (0, ""), result.output
    assert path.read_text().startswith(begins)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.glob(".*")) == []


def test_a_file_stays_as_it_was_when_the_export_fails(
    qm: Qm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = transport.Transport.items

    def broken(*words: Any, **options: Any) -> Any:
        yield next(pages(*words, **options))
        raise ServiceUnreachable("the connection was lost")

    path = tmp_path / "nodes.csv"
    path.write_text("old")
    monkeypatch.setattr(transport.Transport, "items", broken)
    assert qm("export", "nodes", "--output", str(path)).exit_code == 3
    assert [one.read_text() for one in tmp_path.glob("*nodes*")] == ["old"]
    nowhere = qm("export", "nodes", "--output", str(tmp_path / "absent" / "nodes.csv"))
    assert "cannot be written: No such file" in nowhere.stderr


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("--format", "yaml", "--fields", "node_id"), 2, "An inventory is whole"),
        (("--format", "csv", "--json"), 2, "--json is short for"),
        (("--fields", "colour"), 1, "Allowed: node_id"),
        (("--state", "nonsense"), 1, "state"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    qm: Qm, tmp_path: Path, words: tuple[str, ...], code: int, told: str
) -> None:
    result = qm("export", "nodes", "--output", str(tmp_path / "f"), *words)
    assert (result.exit_code, result.stdout) == (code, "")
    assert told in result.stderr
    assert not (tmp_path / "f").exists()


@pytest.mark.parametrize("form", ["csv", "json", "jsonl"])
def test_a_fleet_that_is_exported_can_be_imported(
    qm: Qm, ask: Ask, tmp_path: Path, form: str
) -> None:
    path = tmp_path / "nodes"
    before = [ask("node", "show", f"web-{number}") for number in (1, 2, 3)]
    qm("export", "nodes", "--format", form, "--with-secrets", "--output", str(path))
    for number in (1, 2, 3):
        ask("node", "retire", f"web-{number}", "--reason", "moved", "--yes")
    result = qm("import", "nodes", "--format", form, str(path), "--apply")
    assert result.exit_code == 0, result.output
    assert "Plan: 3 to add, 0 to update, 0 unchanged." in result.stdout
    again = [ask("node", "show", f"web-{number}") for number in (1, 2, 3)]
    fresh = ("created_at", "updated_at", "revision")
    assert [{k: v for k, v in node.items() if k not in fresh} for node in again] == [
        {k: v for k, v in node.items() if k not in fresh} for node in before
    ]
