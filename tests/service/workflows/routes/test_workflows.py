# SPDX-License-Identifier: Apache-2.0
"""Workflows over HTTP: registered, changed and retired by admins."""

from pathlib import Path

import pytest

from inventory_service.settings import Settings
from tests.service.conftest import Caller
from tests.service.workflow_rows import ask

PATH = "/api/v1/workflows"
FIRST = {"workflow": "release", "steps": [ask("ok")]}


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return Settings(database_url=database_url, playbooks_dir=tmp_path)


def test_a_workflow_lives_from_registration_to_retirement(
    admin: Caller, operator: Caller, viewer: Caller
) -> None:
    operator.post(PATH, FIRST, status=403)
    made = admin.post(PATH, FIRST)
    assert (made["launch_role"], made["steps"][0]["step"]) == ("operator", "ok")
    changed = admin.patch(f"{PATH}/release", {"description": "Releases"})
    assert changed["steps"] == made["steps"]
    assert [one["workflow"] for one in viewer.get(PATH)["items"]] == ["release"]
    admin.post(f"{PATH}/release/retirement", {})
    operator.post("/api/v1/workflow-runs", {"workflow": "release"}, status=409)


def test_what_is_wrong_is_named_by_its_place(admin: Caller) -> None:
    steps = [ask("a"), ask("b", "c")]
    problem = admin.post(PATH, {"workflow": "release", "steps": steps}, status=422)
    assert "needs 'c', which is no step" in problem["errors"][0]["reason"]
    problem = admin.post(PATH, FIRST | {"steps": [ask("a", code="x")]}, status=422)
    assert problem["errors"][0]["field"] == "steps.0.code"
