# SPDX-License-Identifier: Apache-2.0
"""The route of imports: which bodies it takes, for whom, and with which status it answers."""

import json
from typing import Any

import pytest

from inventory_service.core.database.engine import Database
from inventory_service.core.revision import next_revision
from tests.service.conftest import Caller

pytestmark = pytest.mark.usefixtures("cluster")
PATH = "/api/v1/imports"
CSV = "Project,Servers,MasterSpec,WebSpec\nshop,1,cx32,cx22\n"
NODE = {"node_id": "a", "node_type": "web"}
CONTENTS = {
    "csv": CSV,
    "nodes": json.dumps([NODE]),
    "terraform": json.dumps({"nodes": {"sensitive": False, "value": [NODE]}}),
}


@pytest.mark.parametrize("form", CONTENTS)
def test_each_format_is_planned_with_200_and_applied_with_201(operator: Caller, form: str) -> None:
    body = {"format": form, "content": CONTENTS[form]}
    planned = operator.post(PATH, body, status=200)
    applied = operator.post(PATH, {**body, "apply": True}, status=201)
    assert (planned["applied"], applied["applied"]) == (False, True)
    assert planned["plan"] == applied["plan"]
    (added,) = planned["plan"]["add"]
    assert added["node_id"] == ("shop-prod-master" if form == "csv" else "a")
    again = operator.post(PATH, {**body, "plan_digest": "x" * 32, "apply": True}, status=409)
    assert "changed since" in again["detail"]


def test_a_file_without_a_format_is_a_projects_csv(operator: Caller) -> None:
    assert operator.post(PATH, {"content": CSV}, status=200)["plan"]["retire"] == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "content"),
        ({"content": CSV, "colour": "red"}, "colour"),
        ({"content": CSV, "format": "xml"}, "format"),
        ({"content": CSV, "cluster": "?"}, "cluster"),
        ({"content": CSV, "plan_digest": "x" * 65}, "plan_digest"),
    ],
)
def test_a_body_that_is_invalid_is_refused_by_its_field(
    operator: Caller, body: dict[str, Any], field: str
) -> None:
    problem = operator.post(PATH, body, status=422)
    assert [error["field"] for error in problem["errors"]] == [field]


@pytest.mark.parametrize("apply", [False, True])
def test_a_viewer_cannot_even_plan(viewer: Caller, stranger: Caller, *, apply: bool) -> None:
    body = {"content": CSV, "apply": apply}
    viewer.post(PATH, body, status=403)
    stranger.post(PATH, body, status=401)


@pytest.mark.parametrize("form", CONTENTS)
def test_a_plan_waits_for_no_writer_and_holds_up_none(
    operator: Caller, database: Database, form: str
) -> None:
    body = {"format": form, "content": CONTENTS[form]}
    with database.writing() as session:
        next_revision(session)
        plan = operator.post(PATH, body, status=200)["plan"]
        assert len(plan["add"]) == 1
    assert operator.post(PATH, {**body, "plan_digest": plan["digest"], "apply": True})["applied"]


def test_a_plan_is_no_act_and_so_its_answer_is_not_kept(operator: Caller) -> None:
    key = {"Idempotency-Key": "k1"}
    body = {"content": CSV}
    operator.post(PATH, body, status=200, headers=key)
    operator.post(PATH, {**body, "apply": True}, headers=key)
    assert operator.post(PATH, body, status=422, headers=key)["errors"][0]["field"] == (
        "Idempotency-Key"
    )
    again = operator.post(PATH, {**body, "apply": True}, headers=key)
    assert len(again["plan"]["add"]) == 1
