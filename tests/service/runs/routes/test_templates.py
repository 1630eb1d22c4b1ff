# SPDX-License-Identifier: Apache-2.0
"""Templates over HTTP: admins write them, and name only playbooks that are on the list."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from inventory_service.core.actors import Scope
from inventory_service.settings import Settings
from tests.service.conftest import Caller, make_caller
from tests.service.runs.routes.conftest import SHOP

SURVEY = {
    "type": "object",
    "properties": {
        "version": {"type": "string", "minLength": 1},
        "node": {"type": "string", "x-choices": "nodes"},
    },
    "required": ["version"],
}


def test_the_playbooks_of_the_folder_are_listed(viewer: Caller) -> None:
    found = viewer.get("/api/v1/playbooks")
    assert found == {"items": ["playbooks/other.yml", "playbooks/site.yml"]}


def test_a_playbook_that_is_added_counts_at_once(admin: Caller, checkout: Path) -> None:
    body = SHOP | {"playbook": "playbooks/new.yml"}
    admin.post("/api/v1/templates", body, status=422)
    (checkout / "playbooks/new.yml").write_text("[]\n", "utf-8")
    assert admin.post("/api/v1/templates", body)["playbook"] == "playbooks/new.yml"


def test_without_a_folder_there_are_none_and_the_answer_names_the_setting(
    make_app: Callable[[Settings], Flask], settings: Settings
) -> None:
    admin = make_caller(make_app(settings.model_copy(update={"playbooks_dir": None})), Scope.ADMIN)
    assert admin.get("/api/v1/playbooks") == {"items": []}
    assert "QM_PLAYBOOKS_DIR" in admin.post("/api/v1/templates", SHOP, status=422)["detail"]


def test_a_template_has_safe_defaults_and_is_shown_as_it_was_registered(
    admin: Caller, viewer: Caller
) -> None:
    made = admin.post("/api/v1/templates", SHOP | {"survey": SURVEY, "variables": {"a": [1]}})
    assert viewer.get("/api/v1/templates/shop") == made
    assert made in viewer.get("/api/v1/templates")["items"]
    assert made["survey"] == SURVEY
    assert made["variables"] == {"a": [1]}
    assert made["filters"]["state"] == ["active"]
    assert (made["host_lock"], made["launch_role"]) == ("exclusive", "operator")
    assert not made["is_idempotent"]


def test_only_what_is_named_changes_and_null_clears(admin: Caller) -> None:
    made = admin.post("/api/v1/templates", SHOP | {"survey": SURVEY, "forks": 7})
    changed = admin.patch("/api/v1/templates/shop", {"survey": None, "host_lock": None})
    different = {name for name, value in changed.items() if value != made[name]}
    assert different == {"survey", "host_lock", "revision"}
    assert (changed["survey"], changed["host_lock"]) == (None, None)


def test_a_retired_template_orders_nothing_any_more(
    admin: Caller, operator: Caller, shop: str
) -> None:
    admin.post(f"/api/v1/templates/{shop}/retirement", {"reason": "old"})
    problem = operator.post("/api/v1/runs", {"template": shop}, status=409)
    assert "is retired" in problem["detail"]


def test_only_admins_write_templates(operator: Caller, viewer: Caller, shop: str) -> None:
    for caller in (operator, viewer):
        caller.post("/api/v1/templates", SHOP | {"template": "other"}, status=403)
        caller.patch(f"/api/v1/templates/{shop}", {"forks": 1}, status=403)
        caller.post(f"/api/v1/templates/{shop}/retirement", {"reason": "no"}, status=403)


def test_nobody_without_a_token_sees_any_of_it(stranger: Caller) -> None:
    for path in ("/api/v1/templates", "/api/v1/playbooks", "/api/v1/runs"):
        stranger.get(path, status=401)


@pytest.mark.parametrize(
    "playbook",
    [
        "playbooks/absent.yml",
        "playbooks/.hidden.yml",
        "../playbooks/site.yml",
        "playbooks/../playbooks/site.yml",
        "/etc/passwd",
        "--become",
        "-i,evil",
        "playbooks//site.yml",
        "playbooks/site.yml\n",
        "PLAYBOOKS/site.yml",
        "",
    ],
)
def test_a_playbook_that_is_not_on_the_list_is_refused(admin: Caller, playbook: str) -> None:
    problem = admin.post("/api/v1/templates", SHOP | {"playbook": playbook}, status=422)
    assert [fault["field"] for fault in problem["errors"]] == ["playbook"]


FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"template": "list"}, "template"),
    ({"template": "-x"}, "template"),
    ({"tags": ["--become"]}, "tags.0"),
    ({"skip_tags": ["a,b"]}, "skip_tags.0"),
    ({"variables": {"ansible_connection": "local"}}, "variables"),
    ({"variables": {"a": {"__ansible_vault": "x"}}}, "variables"),
    ({"variables": {"ansible_host": "-oProxyCommand=id"}}, "variables"),
    ({"variables": {"ansible_user": "-oProxyCommand=id"}}, "variables"),
    ({"limit_variable": "ansible_connection"}, "limit_variable"),
    ({"forks": 0}, "forks"),
    ({"verbosity": 5}, "verbosity"),
    ({"timeout_s": 1}, "timeout_s"),
    ({"host_lock": "some"}, "host_lock"),
    ({"filters": {"state": []}}, "filters.state"),
    ({"filters": {"name": ["x"]}}, "filters.name"),
    ({"extra": 1}, "extra"),
    ({"survey": {"type": "object", "properties": {"ansible_connection": {"type": "string"}}}},
     "survey.properties.ansible_connection"),
    ({"survey": {"type": "object", "properties": {"a": {"$ref": "file:///etc/passwd"}}}},
     "survey.properties.a"),
    ({"survey": {"type": "object", "properties": {"a": {"type": "string", "pattern": "(a+)+"}}}},
     "survey.properties.a.pattern"),
]  # fmt: skip


@pytest.mark.parametrize(("fault", "field"), FAULTS)
def test_what_a_template_cannot_have_is_refused_by_its_field(
    admin: Caller, fault: dict[str, Any], field: str
) -> None:
    problem = admin.post("/api/v1/templates", SHOP | fault, status=422)
    assert field in [one["field"] for one in problem["errors"]]
    admin.get("/api/v1/templates/shop", status=404)
