# SPDX-License-Identifier: Apache-2.0
"""The way from a plan to its application over HTTP."""

from collections.abc import Callable
from pathlib import Path

import pytest

from inventory_service.core.database.engine import Database
from inventory_service.runs.usecases.orders import get_run
from inventory_service.settings import Settings
from tests.service.approvals.plan_rows import (
    ANNA,
    DIGEST,
    HOSTS,
    PLAYBOOK,
    add_template,
    apply,
    make_plan,
)
from tests.service.conftest import Caller, make_node

BODY = {"digest": DIGEST, "decision": "approve"}


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Of a service with the playbook of the plans."""
    (tmp_path / "playbooks").mkdir()
    (tmp_path / PLAYBOOK).write_text("- hosts: all\n", "utf-8")
    return Settings(database_url=database_url, playbooks_dir=tmp_path)


@pytest.fixture
def make_run(database: Database) -> Callable[[], str]:
    """Make a run that Anna has ordered and that waits for one approval; return its path."""

    def make() -> str:
        with database.writing() as session:
            add_template(session, approvals_needed=1)
            return f"/api/v1/runs/{apply(session, make_plan(session)).id}"

    return make


def test_a_plan_is_ordered_and_applied(database: Database, operator: Caller, cluster: str) -> None:
    for number, host in enumerate(HOSTS, 1):
        address = f"192.0.2.{number}"
        make_node(operator, host, cluster_id=cluster, external_ip=address, state="active")
    with database.writing() as session:
        add_template(session)
    ordered = operator.post("/api/v1/runs", {"template": "shop", "plan": True})
    assert (ordered["is_plan"], ordered["options"]["check"]) == (True, True)
    with database.writing() as session:
        get_run(session, ordered["id"]).cancel(ANNA, None)
        plan, empty = make_plan(session).id, make_plan(session, changes=0).id
    run = operator.post(f"/api/v1/runs/{plan}/application", {"reason": "release"})
    assert (run["state"], run["plan_of"], run["digest"]) == ("queued", plan, DIGEST)
    assert (run["requested_by"], run["reason"]) == ("test-operator", "release")
    refused = operator.post(f"/api/v1/runs/{empty}/application", {}, status=409)
    assert "nothing to apply" in refused["detail"]
    operator.post("/api/v1/runs/999/application", {}, status=404)
    operator.post(f"/api/v1/runs/{plan}/application", {"force": True}, status=422)


def test_an_approval_is_counted_and_listed(make_run: Callable[[], str], operator: Caller) -> None:
    path = make_run()
    assert operator.get(path)["approvals"] == {"needed": 1, "given": 0}
    assert operator.get(f"{path}/approvals") == {"items": []}
    run = operator.post(f"{path}/approvals", BODY | {"comment": "fine"})
    assert (run["state"], run["approvals"]) == ("queued", {"needed": 1, "given": 1})
    [found] = operator.get(f"{path}/approvals")["items"]
    assert (found["approver"], found["decision"], found["comment"]) == (
        "test-operator",
        "approve",
        "fine",
    )


def test_a_rejection_is_listed_too(make_run: Callable[[], str], admin: Caller) -> None:
    path = make_run()
    admin.post(f"{path}/approvals", BODY | {"decision": "reject"}, status=422)
    run = admin.post(f"{path}/approvals", BODY | {"decision": "reject", "comment": "no"})
    assert run["state"] == "rejected"
    assert [one["decision"] for one in admin.get(f"{path}/approvals")["items"]] == ["reject"]


def test_refusals_have_their_status(
    make_run: Callable[[], str], operator: Caller, viewer: Caller
) -> None:
    path = make_run()
    viewer.post(f"{path}/approvals", BODY, status=403)
    other = operator.post(f"{path}/approvals", BODY | {"digest": "e" * 64}, status=409)
    assert DIGEST in other["detail"]
    assert "e" * 64 in other["detail"]
    operator.post("/api/v1/runs/999/approvals", BODY, status=404)
    operator.get("/api/v1/runs/999/approvals", status=404)
    assert viewer.get(f"{path}/approvals") == {"items": []}
