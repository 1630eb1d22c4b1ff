# SPDX-License-Identifier: Apache-2.0
"""A run gets the fleet, its variables, and of the environment no more than it may have."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from inventory_service.core.database.engine import Database
from inventory_service.core.encryption import Vault, make_key
from inventory_service.core.errors import BadInput, Conflict
from inventory_service.core.redaction import HIDDEN
from inventory_service.fleet.domain.address_leases import AddressAllocator
from inventory_service.fleet.domain.clusters import ClusterRegistration
from inventory_service.fleet.domain.nodes import (
    NodeChange,
    NodeRegistration,
    NodeState,
    TransitionRequest,
)
from inventory_service.fleet.usecases.changes import change_node
from inventory_service.fleet.usecases.clusters import register_cluster
from inventory_service.fleet.usecases.nodes import transition_node
from inventory_service.fleet.usecases.registrations import register_node
from inventory_service.runs.domain.plans import PlanResult
from inventory_service.runs.usecases.claims import TakenRun
from inventory_service.runs.usecases.orders import get_run
from inventory_service.settings import Settings
from inventory_service.worker.preparation import Prepared, prepare
from tests.service.conftest import ACTOR
from tests.service.worker.conftest import Runs

TOKEN = "qm_0123456789ab_abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"


@pytest.fixture
def taken(store: Database, runs: Runs) -> TakenRun:
    cluster = ClusterRegistration(cluster_id="main", mesh_prefix="10.90.0.0/24")
    node = NodeRegistration(
        node_id="web-1",
        node_type="web",
        cluster_id="main",
        external_ip="192.0.2.1",
        vars={"db": {"password": "node-secret"}, "motd": "{{ hi }}", "api_key": ["listed-secret"]},
    )
    with store.writing() as session:
        register_cluster(session, ACTOR, cluster)
        register_node(session, ACTOR, node, allocator=AddressAllocator(timedelta(0)))
        for state in (NodeState.PROVISIONING, NodeState.ACTIVE):
            transition_node(session, ACTOR, "web-1", TransitionRequest(state=state))
    return runs.begin("1:1:1")


def make(store: Database, taken: TakenRun, settings: Settings, **environment: str) -> Prepared:
    with store.reading() as session:
        run = get_run(session, taken.run_id)
        return prepare(session, run, settings, token=TOKEN, environment=environment)


def test_the_inventory_is_the_fleets_of_now_with_texts_marked_as_data(
    store: Database, taken: TakenRun, settings: Settings
) -> None:
    document = json.loads(make(store, taken, settings).wanted.inventory)
    host = document["_meta"]["hostvars"]["web-1"]
    assert host["ansible_host"] == "192.0.2.1"
    assert host["motd"] == {"__ansible_unsafe": "{{ hi }}"}


def test_the_environment_is_what_is_given_and_what_the_run_needs(
    store: Database, taken: TakenRun, settings: Settings, playbooks: Path
) -> None:
    (playbooks / "ansible.cfg").write_text("", "utf-8")
    found = make(store, taken, settings, HOME="/home/qm", PATH="/bin").wanted.environment
    assert found["HOME"] == "/home/qm"
    assert found["PATH"].endswith(":/bin")
    assert (found["QM_URL"], found["QM_TOKEN"]) == ("http://127.0.0.1:9008", TOKEN)
    assert found["ANSIBLE_CONFIG"] == str(playbooks / "ansible.cfg")
    assert found["ANSIBLE_HOST_KEY_CHECKING"] == "True"
    assert found["QUARTERMASTER_RUN"] == taken.claim_token
    assert "QM_DATABASE_URL" not in found


def test_secrets_are_found_by_their_names_at_every_depth(
    store: Database, taken: TakenRun, settings: Settings
) -> None:
    secrets = make(store, taken, settings, HCLOUD_TOKEN="env-secret", HOME="/root").secrets
    assert secrets == {TOKEN, "node-secret", "listed-secret", "env-secret"}


def test_a_playbook_that_has_gone_since_the_order_is_refused(
    store: Database, taken: TakenRun, settings: Settings, playbooks: Path
) -> None:
    (playbooks / "playbooks" / "hello.yml").unlink()
    with pytest.raises(BadInput, match=r"no playbook 'playbooks/hello\.yml'"):
        make(store, taken, settings)


def test_a_plan_rests_on_its_playbook_and_the_variables_of_its_hosts(
    store: Database, runs: Runs, settings: Settings, taken: TakenRun, playbooks: Path
) -> None:
    assert make(store, taken, settings).basis is None
    plan = runs.take(is_plan=True)
    first = make(store, plan, settings)
    assert first.is_plan
    assert first.basis is not None
    assert make(store, plan, settings).basis == first.basis
    (playbooks / "playbooks" / "hello.yml").write_text("- hosts: web\n", "utf-8")
    with store.writing() as session:
        change = NodeChange(labels={"colour": "green"})
        change_node(session, ACTOR, "web-1", change, allocator=AddressAllocator(timedelta(0)))
    second = make(store, plan, settings)
    assert second.basis is not None
    assert first.basis.list_changes(second.basis) == ["playbook", "fleet"]
    application = make(store, runs.apply(PlanResult("d", 1, first.basis)), settings)
    assert not application.is_plan
    assert application.basis is not None


def test_secret_answers_are_opened_for_the_run_and_hidden_in_what_it_prints(
    store: Database, taken: TakenRun, settings: Settings
) -> None:
    key = settings.secret_key_path
    make_key(key)
    with store.writing() as session:
        run = get_run(session, taken.run_id)
        run.answers, run.sealed_answers = (
            {"pin": HIDDEN},
            Vault(key).seal({"pin": '"one-sentinel"'}),
        )
    prepared = make(store, taken, settings)
    assert prepared.wanted.variables["pin"] == "one-sentinel"
    assert "one-sentinel" in prepared.secrets
    key.unlink()
    with pytest.raises(Conflict, match="QM_SECRET_KEY_FILE"):
        make(store, taken, settings)
