# SPDX-License-Identifier: Apache-2.0
"""Templates, schedules, webhooks and notifications through the client."""

from pathlib import Path

import pytest

from inventory_service.client import Client, Conflict, Forbidden
from inventory_service.core.encryption import make_key
from inventory_service.settings import Settings
from tests.service.client.conftest import ONE_DATABASE

pytestmark = ONE_DATABASE


def test_the_playbooks_are_named(api: Client) -> None:
    assert api.templates.read_playbooks() == ["playbooks/site.yml"]


def test_templates_are_planned_and_imported_as_documents(api: Client) -> None:
    documents = [{"template": "shop", "playbook": "playbooks/site.yml", "forks": 7}]
    plan = api.templates.plan_import(documents)["plan"]
    assert [one["template"] for one in plan["add"]] == ["shop"]
    with pytest.raises(Conflict):
        api.templates.apply_import(documents, plan_digest="0" * 32)
    done = api.templates.apply_import(documents, plan_digest=plan["digest"], reason="by git")
    assert done["applied"]
    assert api.templates.get("shop")["forks"] == 7
    retiring = api.templates.plan_import(documents, retire_missing=True)["plan"]
    with pytest.raises(Conflict, match="max_retire is 1"):
        api.templates.apply_import(
            documents, plan_digest=retiring["digest"], retire_missing=True, max_retire=1
        )


def test_a_schedule_is_paused_and_resumed(fleet: Client) -> None:
    fleet.schedules.register("nightly", template="shop", cron="30 2 * * *", limit="all")
    assert fleet.schedules.pause("nightly", reason="a test")["is_paused"]
    assert not fleet.schedules.resume("nightly")["is_paused"]


@pytest.fixture
def settings(database_url: str, checkout: Path, secret_key: Path) -> Settings:
    """Of a service that keeps secrets, and may send to this machine."""
    return Settings(
        database_url=database_url,
        log_level="error",
        playbooks_dir=checkout,
        secret_key_file=secret_key,
        notify_allow="127.0.0.0/8",
    )


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a folder with a playbook."""
    (tmp_path / "playbooks").mkdir()
    (tmp_path / "playbooks/site.yml").write_text("[]\n", "utf-8")
    return tmp_path


@pytest.fixture
def secret_key(tmp_path: Path) -> Path:
    """Return the file of a new key."""
    make_key(tmp_path / "secret.key")
    return tmp_path / "secret.key"


def test_a_webhook_has_a_secret_that_is_shown_once(fleet: Client) -> None:
    fleet.webhooks.register("push", template="shop", kind="github")
    first, second = (fleet.webhooks.make_secret("push")["secret"] for _ in range(2))
    assert first != second
    assert "secret" not in fleet.webhooks.get("push")
    assert fleet.webhooks.preview("push", {"ref": "main"})
    assert not list(fleet.webhooks.iterate_deliveries("push", outcome=["accepted"]))


def test_a_notification_is_tried(api: Client, operator: Client) -> None:
    api.notifications.register("ops", kind="slack", webhook_url="http://127.0.0.1:9/hook")
    sent = operator.notifications.test("ops")
    assert sent["state"] == "pending"
    deliveries = list(operator.notifications.iterate_deliveries("ops", state=["pending"]))
    assert [one["id"] for one in deliveries] == [sent["id"]]
    assert not list(operator.notifications.iterate_deliveries("ops", state=["failed"]))
    with pytest.raises(Conflict):
        operator.notifications.redeliver("ops", sent["id"])
    with pytest.raises(Forbidden):
        operator.notifications.retire("ops", reason="over")
