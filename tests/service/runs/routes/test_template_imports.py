# SPDX-License-Identifier: Apache-2.0
"""The import of templates over HTTP: a plan that changes nothing, then exactly that."""

from typing import Any

from tests.service.conftest import Caller
from tests.service.runs.routes.conftest import SHOP

PATH = "/api/v1/templates/import"


def live(admin: Caller) -> set[str]:
    items: list[dict[str, Any]] = admin.get("/api/v1/templates")["items"]
    return {one["template"] for one in items if one["retired_at"] is None}


def test_exactly_the_plan_that_was_shown_is_recorded(admin: Caller) -> None:
    before = live(admin)
    wanted = {"templates": [SHOP]}
    shown = admin.post(PATH, wanted, status=200)
    assert (shown["applied"], [one["template"] for one in shown["plan"]["add"]]) == (
        False,
        ["shop"],
    )
    assert live(admin) == before
    digest = shown["plan"]["digest"]
    admin.post("/api/v1/templates", SHOP | {"template": "other"})
    # What others do with other templates is no part of the plan, but how many there are is.
    admin.post(PATH, wanted | {"apply": True, "plan_digest": digest}, status=409)
    digest = admin.post(PATH, wanted, status=200)["plan"]["digest"]
    done = admin.post(PATH, wanted | {"apply": True, "plan_digest": digest})
    assert (done["applied"], done["plan"]["digest"]) == (True, digest)
    assert live(admin) == before | {"shop", "other"}


def test_an_import_that_is_sent_twice_acts_once(admin: Caller) -> None:
    wanted = {"templates": [SHOP], "apply": True}
    first, again = (
        admin.call("POST", PATH, json=wanted, status=201, headers={"Idempotency-Key": "k"})
        for _ in range(2)
    )
    assert first.get_json() == again.get_json()
    assert first.get_json()["plan"]["add"]


def test_unknown_keys_are_named_by_template_and_key(admin: Caller) -> None:
    wanted = {"templates": [SHOP, {**SHOP, "template": "b", "colour": 1, "filters": {"x": []}}]}
    refused = admin.post(PATH, wanted, status=422)
    fields = {error["field"] for error in refused["errors"]}
    assert fields == {"templates.1.colour", "templates.1.filters.x"}


def test_only_admins_import_and_plan(operator: Caller) -> None:
    for apply in (True, False):
        operator.post(PATH, {"templates": [SHOP], "apply": apply}, status=403)
