# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Terraform file is read whole or refused, and no secret of it is sent or repeated."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.quartermaster.fleet.plugins.module_utils._inventory.document import (
    parse_fleet,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._inventory.fetch import (
    fetch_fleet,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._inventory.terraform import (
    read_terraform,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._service.client import (
    Client,
    ClientError,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._service.response import (
    InvalidResponse,
)

Columns = t.Callable[..., dict[str, t.Any]]
CONFLICT = {"node_id": "a", "field": "region", "service": "fsn1", "file": "hel1"}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "No such file"),
        (b"", "not JSON"),
        (b'{"password": "SECRET"', "not JSON"),
        (b'\xff\xfe{"SECRET": 1}', "not JSON in UTF-8"),
        (b"[" * 100_000, "not JSON"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_and_not_repeated(
    tmp_path: Path, content: bytes | None, reason: str
) -> None:
    path = tmp_path / "state.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ClientError, match=reason) as caught:
        read_terraform(str(path))
    assert str(path) in str(caught.value)
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "sensitive", "count"),
    [("hcloud_server", None, 1), (["hcloud_server"], None, 0), ("hcloud_server", 7, 1)],
    ids=["a state", "a kind that is a list", "marks that are no list"],
)
def test_a_state_with_values_of_other_types_is_read_without_its_secrets(
    tmp_path: Path, kind: t.Any, sensitive: t.Any, count: int
) -> None:
    instance = {"attributes": {"name": "SECRET"}, "sensitive_attributes": sensitive}
    resource = {"mode": "managed", "type": kind, "instances": [instance]}
    path = tmp_path / "state.json"
    path.write_text(json.dumps({"version": 4, "resources": [resource]}))
    pruned = json.loads(read_terraform(str(path)))
    assert len(pruned["resources"]) == count
    assert ("SECRET" in json.dumps(pruned)) == (sensitive is None and count == 1)


@pytest.mark.parametrize("more", [{}, {"type": "string"}])
def test_outputs_are_read_by_what_each_of_them_has(tmp_path: Path, more: dict[str, str]) -> None:
    path = tmp_path / "outputs.json"
    held = {"sensitive": False, "value": "SECRET", **more}
    path.write_text(json.dumps({"lb_address": held}))
    assert json.loads(read_terraform(str(path))) == {
        "lb_address": {"sensitive": False, "value": None}
    }


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ClientError, match="cannot be read: Is a directory"):
        read_terraform(str(tmp_path))


def fetch(url: str, terraform: str | None, warnings: list[str]) -> list[str]:
    client = Client(url, timeout_s=10, pause=lambda _: None)
    return fetch_fleet(
        client, {"state": ["any"]}, terraform=terraform, max_age_s=60, warn=warnings.append
    ).names


def test_the_file_is_sent_and_what_is_not_used_is_reported(
    loopback: t.Any, columns: Columns
) -> None:
    warnings: list[str] = []
    left_out = [{"node_id": "old", "state": "retired"}]
    warned = [{"address": "x.y[0]", "reason": "is tainted: `apply`", "more": 2, "kind": "warning"}]
    loopback.reply(
        {
            **columns("a", "b"),
            "conflicts": [CONFLICT],
            "left_out": left_out,
            "warnings": warned,
        }
    )
    assert fetch(loopback.url, '{"x": 1}', warnings) == ["a", "b"]
    (asked,) = loopback.asked
    assert (asked.method, asked.path) == ("POST", "/api/v1/inventory?state=any")
    assert asked.body == {"terraform": '{"x": 1}'}
    conflict, absent, tainted = warnings
    assert conflict.startswith("'a': 'region' is 'fsn1' in the service and 'hel1' in the")
    assert conflict.endswith("Terraform file; the service's value is used.")
    assert absent.startswith("'old' is in the Terraform file, but")
    assert "'retired'" in absent
    assert tainted == "Terraform file: x.y[0] and 2 more is tainted: `apply`."


def test_an_outage_is_bridged_for_the_same_file_only(loopback: t.Any, columns: Columns) -> None:
    warnings: list[str] = []
    loopback.reply(columns("a"))
    loopback.reply({"title": "x"}, status=503)
    assert fetch(loopback.url, "{}", warnings) == fetch(loopback.url, "{}", warnings) == ["a"]
    assert "last good answer" in warnings[0]
    for other in ('{"x": 1}', None):
        with pytest.raises(ClientError, match="No earlier answer"):
            fetch(loopback.url, other, warnings)


def test_a_file_that_the_service_refuses_is_no_outage(loopback: t.Any, columns: Columns) -> None:
    problem = {"detail": "It is no such file.", "errors": [{"field": "file", "reason": "is bad"}]}
    loopback.reply(columns("a"))
    loopback.reply(problem, status=422)
    fetch(loopback.url, "{}", [])
    with pytest.raises(ClientError, match=r"It is no such file[.]; file: is bad") as caught:
        fetch(loopback.url, "{}", [])
    assert caught.value.status == 422


def test_many_conflicts_are_counted(columns: Columns) -> None:
    conflicts = [{**CONFLICT, "node_id": f"n{number}"} for number in range(500)]
    fleet = parse_fleet(json.dumps({**columns("a"), "conflicts": conflicts}).encode())
    assert len(fleet.notes) == 21
    assert "500 values" in fleet.notes[-1]


def test_a_note_cannot_steer_the_terminal(columns: Columns) -> None:
    bad = "\x1b[31m" + "x" * 500
    conflict = {**CONFLICT, "file": bad, "field": "a\nb"}
    warning = {"address": "a\nb", "reason": bad, "more": 0}
    document = {**columns("a"), "conflicts": [conflict], "warnings": [warning]}
    for note in parse_fleet(json.dumps(document).encode()).notes:
        assert note.isprintable()
        assert len(note) < 300


@pytest.mark.parametrize("conflicts", [None, {}, [1], [{"node_id": "a"}]])
def test_notes_of_another_shape_refuse_the_answer(columns: Columns, conflicts: t.Any) -> None:
    with pytest.raises(InvalidResponse, match="conflicts"):
        parse_fleet(json.dumps({**columns("a"), "conflicts": conflicts}).encode())


@pytest.mark.parametrize(
    ("name", "one", "summary"),
    [
        ("conflicts", CONFLICT, "differ in 21 values in all"),
        ("left_out", {"node_id": "old", "state": "retired"}, "21 nodes of the Terraform file"),
    ],
)
def test_as_many_notes_as_are_shown_need_no_count(
    columns: Columns, name: str, one: dict[str, t.Any], summary: str
) -> None:
    for number, expected in ((20, 20), (21, 21)):
        document = {**columns("a"), name: [one] * number}
        notes = list(parse_fleet(json.dumps(document).encode()).notes)
        assert len(notes) == expected
        assert (summary in notes[-1]) == (number == 21)
