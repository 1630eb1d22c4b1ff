# SPDX-License-Identifier: Apache-2.0
"""Schedules over HTTP: registered, read, changed, paused and retired; refusals name the field."""

from pathlib import Path
from typing import Any

import pytest

from inventory_service.settings import Settings
from tests.service.conftest import Caller, make_node

PATH = "/api/v1/schedules"
FIRST = {"schedule": "nightly", "template": "deploy", "cron": "0 2 * * *"}


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    (tmp_path / "playbooks").mkdir()
    (tmp_path / "playbooks/site.yml").write_text("[]\n", "utf-8")
    return Settings(database_url=database_url, playbooks_dir=tmp_path)


@pytest.fixture(autouse=True)
def _template(admin: Caller, cluster: str) -> None:
    make_node(admin, "web-1", state="active", cluster_id=cluster, internal_ip="10.0.0.1")
    admin.post("/api/v1/templates", {"template": "deploy", "playbook": "playbooks/site.yml"})


def test_a_schedule_lives_from_registration_to_retirement(operator: Caller) -> None:
    made = operator.post(PATH, FIRST | {"time_zone": "Europe/Berlin"})
    assert made["next_at"] > made["created_at"]
    assert operator.get(f"{PATH}/nightly") == made
    assert operator.patch(f"{PATH}/nightly", {"is_paused": True})["next_at"] is None
    assert operator.patch(f"{PATH}/nightly", {"is_paused": False})["next_at"] == made["next_at"]
    ended = operator.post(f"{PATH}/nightly/retirement", {"reason": "done"})
    assert (ended["next_at"], ended["retired_at"] is None) == (None, False)
    operator.patch(f"{PATH}/nightly", {"is_paused": True}, status=409)
    operator.post(PATH, FIRST, status=409)


def test_schedules_are_listed_by_when_they_fire(operator: Caller, viewer: Caller) -> None:
    operator.post(PATH, FIRST | {"schedule": "late", "cron": "0 0 1 1 *"})
    operator.post(PATH, FIRST | {"schedule": "soon", "cron": "* * * * *"})
    operator.post(PATH, FIRST | {"schedule": "never", "is_paused": True})
    page = viewer.get(f"{PATH}?sort=next_at&fields=schedule,next_at&limit=2")
    assert [one["schedule"] for one in page["items"]] == ["soon", "late"]
    page = viewer.get(f"{PATH}?sort=next_at&limit=2&cursor={page['next_cursor']}")
    assert [one["schedule"] for one in page["items"]] == ["never"]


def test_only_operators_change_schedules_and_all_read_them(
    operator: Caller, viewer: Caller
) -> None:
    operator.post(PATH, FIRST)
    assert viewer.get(f"{PATH}/nightly")["scope"] == "operator"
    viewer.post(PATH, FIRST | {"schedule": "other"}, status=403)
    viewer.patch(f"{PATH}/nightly", {"is_paused": True}, status=403)
    viewer.post(f"{PATH}/nightly/retirement", {}, status=403)


def test_a_template_for_admins_is_for_their_schedules_only(admin: Caller, operator: Caller) -> None:
    admin.patch("/api/v1/templates/deploy", {"launch_role": "admin"})
    refused = operator.post(PATH, FIRST, status=403)
    assert "runs of 'deploy' need admin" in refused["detail"]
    assert admin.post(PATH, FIRST)["scope"] == "admin"


@pytest.mark.parametrize(
    ("fields", "field", "reason"),
    [
        ({"cron": "0 0 30 2 *"}, "cron", "never fires"),
        ({"cron": "*/5 * * * * *"}, "cron", "seconds"),
        ({"cron": "@reboot"}, "cron", "'@reboot' is none"),
        ({"cron": "61 * * * *"}, "cron", "'61' as its minute"),
        ({"cron": None}, "cron", "is missing"),
        ({"at": "2020-01-01T00:00:00Z", "cron": None}, "at", "is past"),
        ({"time_zone": "Mars/Olympus"}, "time_zone", "IANA"),
        ({"template": "none"}, "template", "does not exist"),
        ({"limit": "-e"}, "limit", "no pattern"),
        ({"limit": "db-1"}, "limit", "matches no node"),
        ({"tags": ["--become"]}, "tags.0", "must be a tag"),
        ({"answers": {"ansible_connection": "local"}}, "answers.ansible_connection", "no question"),
        ({"extra_vars": {}}, "extra_vars", ""),
    ],
)
def test_a_refusal_names_the_field_and_nothing_is_kept(
    operator: Caller, fields: dict[str, Any], field: str, reason: str
) -> None:
    problem = operator.post(PATH, FIRST | fields, status=422)
    assert [one["field"] for one in problem["errors"]] == [field]
    assert reason in problem["errors"][0]["reason"]
    operator.get(f"{PATH}/nightly", status=404)


def test_both_ways_to_fire_at_once_are_refused(operator: Caller) -> None:
    problem = operator.post(PATH, FIRST | {"at": "2099-01-01T00:00:00Z"}, status=422)
    assert "both `cron` and `at`" in str(problem["errors"])


def test_a_change_by_who_saw_an_older_one_is_refused(operator: Caller) -> None:
    operator.post(PATH, FIRST)
    etag = operator.call("GET", f"{PATH}/nightly", status=200).headers["ETag"]
    headers = {"If-Match": etag}
    operator.patch(f"{PATH}/nightly", {"limit": "web-1"}, headers=headers)
    operator.patch(f"{PATH}/nightly", {"limit": "web-*"}, headers=headers, status=412)


def test_a_moment_is_shown_in_utc(operator: Caller) -> None:
    body = {"schedule": "once", "template": "deploy", "at": "2099-01-01T02:00:00+02:00"}
    made = operator.post(PATH, body)
    assert made["at"] == made["next_at"] == "2099-01-01T00:00:00Z"
    assert made["cron"] is None
