# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A columnar document is taken whole or refused, and its values stay data."""

from __future__ import annotations

import dataclasses
import json
import typing as t

import pytest
from ansible_collections.quartermaster.fleet.plugins.module_utils._inventory.document import (
    parse_fleet,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._inventory.safe_vars import (
    ALLOWED_ANSIBLE,
    SkippedVariables,
    is_plain,
    is_plain_text,
    mark,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._service.response import (
    InvalidResponse,
)
from hypothesis import given
from hypothesis import strategies as st

Columns = t.Callable[..., dict[str, t.Any]]
TEXTS = st.sampled_from(
    ["x", "a1", "{{ x }}", "{%", "{#", "{", "__ansible_vault", "10.0.0.9", "é{"]
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(TEXTS, inner, max_size=2)),
    max_leaves=4,
)


def variables_of(document: dict[str, t.Any]) -> tuple[list[dict[str, t.Any]], list[str]]:
    omissions, warnings = SkippedVariables(), []
    variables = list(parse_fleet(json.dumps(document).encode()).variables(omissions))
    omissions.report(warnings.append)
    return variables, warnings


def test_a_row_becomes_the_variables_of_a_host_without_what_is_null(columns: Columns) -> None:
    document = columns("a", "b")
    document["rows"][0][3] = None
    document["rows"][1][5] = {"note": "żółw", "list": [{"x": None}], "ansible_port": 2222}
    variables, warnings = variables_of(document)
    assert variables == [
        {"node_id": "a", "ansible_host": "10.0.0.1", "node_type": "web", "labels": {"rack": "a1"}},
        {
            "node_id": "b",
            "ansible_host": "10.0.0.2",
            "node_type": "web",
            "region": "fsn1",
            "labels": {"rack": "a1"},
            "note": "żółw",
            "list": [{"x": None}],
            "ansible_port": 2222,
        },
    ]
    assert not warnings


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'"text"',
        b"<html></html>",
        b'{"version": 1',
        b'{"version": 1}',
        b'{"version": 2, "columns": ["node_id"], "rows": [], "groups": {}}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_what_is_no_columnar_document_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidResponse):
        parse_fleet(body)


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"columns": None}, id="no columns"),
        pytest.param({"columns": ["name"]}, id="another first column"),
        pytest.param({"columns": ["node_id", "x y"]}, id="a column that is no name"),
        pytest.param({"columns": ["node_id", "a", "a"]}, id="a column twice"),
        pytest.param({"rows": None}, id="no rows"),
        pytest.param({"rows": [["a"]]}, id="a short row"),
        pytest.param({"rows": ["abcdef"]}, id="a row that is text"),
        pytest.param({"groups": None}, id="no groups"),
        pytest.param({"groups": []}, id="groups that are a list"),
        pytest.param({"groups": {"web": [0, 5]}}, id="a host that is not there"),
        pytest.param({"groups": {"web": [-1]}}, id="an index below zero"),
        pytest.param({"groups": {"web": [True]}}, id="an index that is no number"),
        pytest.param({"groups": {"web": ["a"]}}, id="a name for an index"),
        pytest.param({"groups": {"web": [0, 0]}}, id="a host twice"),
        pytest.param({"groups": {"web": None}}, id="a group that is null"),
        pytest.param({"groups": {"all": [0]}}, id="the group all"),
        pytest.param({"groups": {"_meta": [0]}}, id="the group _meta"),
        pytest.param({"groups": {"a-b": [0]}}, id="a dash in a group"),
        pytest.param({"groups": {"{{ x }}": [0]}}, id="a template for a group"),
    ],
)
def test_a_document_of_the_wrong_shape_is_refused(
    columns: Columns, changed: dict[str, t.Any]
) -> None:
    with pytest.raises(InvalidResponse):
        parse_fleet(json.dumps(columns("a", "b", **changed)).encode())


@pytest.mark.parametrize(
    "name",
    [
        None,
        1,
        "",
        "A",
        "a b",
        "-a",
        "a-",
        "a.b",
        "../x",
        "a\n",
        "{{ x }}",
        "localhost",
        "all",
        "x" * 64,
    ],
)
def test_a_name_that_no_host_may_have_refuses_the_document(columns: Columns, name: t.Any) -> None:
    document = columns("a")
    document["rows"][0][0] = name
    with pytest.raises(InvalidResponse):
        parse_fleet(json.dumps(document).encode())


def test_the_same_host_twice_refuses_the_document(columns: Columns) -> None:
    with pytest.raises(InvalidResponse, match="twice"):
        parse_fleet(json.dumps(columns("a", "a")).encode())


def test_a_fleet_may_be_empty(columns: Columns) -> None:
    assert parse_fleet(json.dumps(columns(groups={})).encode()).names == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ansible_connection", "local"),
        ("ansible_ssh_common_args", "-o ProxyCommand=id"),
        ("ansible_python_interpreter", "/opt/x"),
        ("_ansible_no_log", True),
        ("ansible_host", "-oProxyCommand=id"),
        ("ansible_host", "{{ x }}"),
        ("ansible_host", "a b"),
        ("ansible_host", None),
        ("ansible_port", "22"),
        ("ansible_port", 0),
        ("ansible_port", True),
        ("ansible_user", "-oX"),
        ("ansible_user", "root\n"),
        ("ansible_become", "yes"),
        ("hostvars", {}),
        ("inventory_hostname", "b"),
        ("groups", {}),
        ("node_id", "b"),
        ("labels", {"x": "y"}),
        ("a b", 1),
        ("{{ x }}", 1),
        ("x", {"{{ y }}": 1}),
        ("x", [{"a": {"__ansible_vault": "y"}}]),
        ("x", {"__ansible_unsafe": "y"}),
    ],
)
def test_a_variable_that_could_be_more_than_data_is_left_out_with_a_warning(
    columns: Columns, name: str, value: t.Any
) -> None:
    document = columns("a")
    plain = variables_of(document)[0]
    document["rows"][0][5] = {name: value}
    variables, warnings = variables_of(document)
    assert variables == plain
    assert len(warnings) == 1
    assert name in warnings[0]


@given(value=VALUES, encoding=st.sampled_from(["utf-8", "utf-16", "utf-32"]), escapes=st.booleans())
def test_a_text_that_is_called_plain_holds_no_key_that_is_not(
    *, value: t.Any, encoding: str, escapes: bool
) -> None:
    body = json.dumps(value, ensure_ascii=escapes)
    for text in (body, body.replace("{{", r"\u007b{"), body.replace("__", r"_\u005F")):
        encoded = text.encode(encoding)
        assert is_plain(json.loads(encoded)) or not is_plain_text(encoded)
    if "{" not in body:
        assert is_plain_text(body.encode()) is ("__ansible" not in body and r"\u00" not in body)


@given(
    rows=st.lists(
        st.tuples(
            st.none() | TEXTS,
            VALUES,
            st.none()
            | st.dictionaries(
                st.sampled_from([*ALLOWED_ANSIBLE, "x", "y", "labels", "ansible_password"]), VALUES
            ),
        ),
        max_size=4,
    )
)
def test_what_is_known_of_the_whole_text_saves_time_and_changes_nothing(
    rows: list[tuple[t.Any, t.Any, t.Any]],
) -> None:
    document = {
        "version": 1,
        "columns": ["node_id", "ansible_host", "labels", "vars"],
        "rows": [[f"n{number}", *row] for number, row in enumerate(rows)],
        "groups": {},
    }
    fleet = parse_fleet(json.dumps(document).encode())
    quick, thorough = SkippedVariables(), SkippedVariables()
    found = list(fleet.variables(quick))
    assert found == list(dataclasses.replace(fleet, is_plain=False).variables(thorough))
    warnings: tuple[list[str], list[str]] = ([], [])
    quick.report(warnings[0].append)
    thorough.report(warnings[1].append)
    assert sorted(warnings[0]) == sorted(warnings[1])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ansible_host", "fd00::1"),
        ("ansible_host", "::1"),
        ("ansible_host", "web-1.example.com"),
        ("ansible_port", 65535),
        ("ansible_user", "deploy"),
        ("ansible_become", True),
    ],
)
def test_a_connection_variable_of_the_allow_list_is_kept(
    columns: Columns, name: str, value: t.Any
) -> None:
    document = columns("a")
    document["rows"][0][5] = {name: value}
    variables, warnings = variables_of(document)
    assert variables[0][name] == value
    assert not warnings


def test_a_column_that_ansible_would_run_is_left_out(columns: Columns) -> None:
    names = [*columns()["columns"][:4], "ansible_connection", "vars"]
    variables, warnings = variables_of(columns("a", "b", columns=names))
    assert "ansible_connection" not in variables[0]
    assert len(warnings) == 1


def test_one_variable_of_many_hosts_is_one_warning(columns: Columns) -> None:
    document = columns(*(f"n{number}" for number in range(50)))
    for row in document["rows"]:
        row[5] = {"ansible_connection": "local"}
    __, warnings = variables_of(document)
    assert len(warnings) == 1
    assert "n0 and 49 more" in warnings[0]


def test_many_bad_variables_do_not_flood_the_terminal(columns: Columns) -> None:
    document = columns("a")
    document["rows"][0][5] = {f"ansible_x{number}": 1 for number in range(500)}
    assert len(variables_of(document)[1]) == 21


@pytest.mark.parametrize(
    ("value", "marked"),
    [
        ("10.0.0.1/24", "10.0.0.1/24"),
        ("plain text: a@b+c", "plain text: a@b+c"),
        (1, 1),
        (None, None),
        ("{{ x }}", ["{{ x }}"]),
        ("lookup('pipe', 'id')", ["lookup('pipe', 'id')"]),
        ("line\n", ["line\n"]),
        ("żółw", ["żółw"]),
        ([{"k": "{% x %}"}], [{"k": ["{% x %}"]}]),
    ],
)
def test_text_is_marked_unless_no_engine_could_make_anything_of_it(
    value: t.Any, marked: t.Any
) -> None:
    assert mark(value, lambda text: [text]) == marked


def test_the_last_row_is_a_host_of_a_group_and_the_one_after_it_is_not(columns: Columns) -> None:
    parse_fleet(json.dumps(columns("a", "b", groups={"web": [1]})).encode())
    with pytest.raises(InvalidResponse, match="a host that is not there"):
        parse_fleet(json.dumps(columns("a", "b", groups={"web": [2]})).encode())


@pytest.mark.parametrize(("port", "is_kept"), [(1, True), (65535, True), (65536, False)])
def test_a_port_is_kept_up_to_the_highest_one(
    columns: Columns, port: int, *, is_kept: bool
) -> None:
    document = columns("a")
    document["rows"][0][5] = {"ansible_port": port}
    ((variables,), warnings) = variables_of(document)
    assert ("ansible_port" in variables, not warnings) == (is_kept, is_kept)
