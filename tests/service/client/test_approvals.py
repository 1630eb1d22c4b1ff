# SPDX-License-Identifier: Apache-2.0
"""A plan is applied, and its run approved or rejected, through the client."""

from pathlib import Path

import pytest

from inventory_service.client import Client, Conflict, Forbidden
from inventory_service.core.database.engine import Database
from inventory_service.settings import Settings
from tests.service.approvals.plan_rows import DIGEST, PLAYBOOK, add_template, make_plan
from tests.service.client.conftest import ONE_DATABASE

pytestmark = ONE_DATABASE


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Of a service with the playbook of the plans."""
    (tmp_path / "playbooks").mkdir()
    (tmp_path / PLAYBOOK).write_text("- hosts: all\n", "utf-8")
    return Settings(database_url=database_url, log_level="error", playbooks_dir=tmp_path)


@pytest.fixture
def run(api: Client, operator: Client, database: Database) -> int:
    """Return the run by which an operator applies a plan that needs an approval."""
    api.clusters.register("main", mesh_prefix="10.90.0.0/28")
    for number in (1, 2):
        name, address = f"web-{number}", f"192.0.2.{number}"
        api.nodes.register(name, node_type="web", cluster_id="main", external_ip=address)
        for state in ("provisioning", "active"):
            api.nodes.move(name, state)
    with database.writing() as session:
        add_template(session, approvals_needed=1)
        plan_id = make_plan(session).id
    made = operator.approvals.apply(plan_id, reason="release", key="k")
    assert operator.approvals.apply(plan_id, reason="release", key="k") == made
    assert (made["state"], made["plan_of"], made["reason"]) == (
        "awaiting_approval",
        plan_id,
        "release",
    )
    return int(made["id"])


def test_an_approval_names_the_digest_that_was_read(
    api: Client, operator: Client, run: int
) -> None:
    with pytest.raises(Conflict):
        api.approvals.approve(run, digest="0" * 64)
    with pytest.raises(Forbidden, match="was ordered by 'operator'"):
        operator.approvals.approve(run, digest=DIGEST)
    assert api.approvals.read(run) == []
    assert api.approvals.approve(run, digest=DIGEST, comment="fine")["state"] == "queued"
    (approval,) = api.approvals.read(run)
    assert (approval["decision"], approval["comment"]) == ("approve", "fine")


def test_a_rejection_ends_the_run(api: Client, run: int) -> None:
    assert api.approvals.reject(run, digest=DIGEST, comment="not today")["state"] == "rejected"
    (approval,) = api.approvals.read(run)
    assert (approval["decision"], approval["comment"]) == ("reject", "not today")
