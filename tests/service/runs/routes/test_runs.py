# SPDX-License-Identifier: Apache-2.0
"""Runs over HTTP: ordered by those who may, on hosts that are named at once, and cancelled."""

from typing import Any

import pytest

from inventory_service.runs.domain.states import RunState
from tests.service.conftest import Caller, make_node
from tests.service.runs.routes.conftest import SHOP, Order, Recorder, make_play

SURVEY = {
    "type": "object",
    "properties": {
        "version": {"type": "string", "minLength": 1},
        "count": {"type": "integer", "default": 3, "maximum": 10},
        "node": {"type": "string", "x-choices": "nodes"},
        "ansible_user": {"type": "string"},
    },
    "required": ["version"],
}


def test_an_order_is_queued_for_the_hosts_that_it_selects_now(
    operator: Caller, viewer: Caller, shop: str
) -> None:
    body = {"template": shop, "limit": "web*", "check": True, "tags": ["db"], "reason": "try"}
    answer = operator.call("POST", "/api/v1/runs", status=201, json=body)
    made = answer.json
    assert made is not None
    assert answer.headers["Location"] == f"/api/v1/runs/{made['id']}"
    assert (made["state"], made["host_count"], made["door"]) == ("queued", 2, "api")
    assert (made["requested_by"], made["reason"]) == ("test-operator", "try")
    assert (made["options"]["check"], made["options"]["tags"]) == (True, ["db"])
    shown = viewer.get(answer.headers["Location"])
    assert shown == made | {"hosts": ["web-1", "web-2"], "slices": []}
    assert viewer.get("/api/v1/runs")["items"] == [made]


def test_an_order_that_is_sent_twice_with_one_key_is_one_run(operator: Caller, shop: str) -> None:
    headers = {"Idempotency-Key": "a-key-of-the-client"}
    ids = {
        operator.post("/api/v1/runs", {"template": shop}, headers=headers)["id"] for _ in range(2)
    }
    assert len(ids) == 1
    assert len(operator.get("/api/v1/runs")["items"]) == 1


FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"limit": "web-9"}, "limit"),
    ({"limit": "web-3"}, "limit"),
    ({"limit": "all,!web*"}, "limit"),
    ({"limit": "--become"}, "limit"),
    ({"limit": "@/etc/passwd"}, "limit"),
    ({"limit": "web-1;id"}, "limit"),
    ({"tags": ["--become"]}, "tags.0"),
    ({"skip_tags": ["-x"]}, "skip_tags.0"),
    ({"tags": ["a,b"]}, "tags.0"),
    ({"template": "-x"}, "template"),
    ({"variables": {"a": 1}}, "variables"),
    ({"playbook": "playbooks/other.yml"}, "playbook"),
    ({"forks": 1}, "forks"),
    ({"answers": {"version": "1", "other": "x"}}, "answers.other"),
    ({"answers": {"version": "1", "ansible_connection": "local"}}, "answers.ansible_connection"),
    ({"answers": {"version": 1}}, "answers.version"),
    ({"answers": {"version": "1", "count": 11}}, "answers.count"),
    ({"answers": {"version": "1", "node": "web-9"}}, "answers.node"),
    ({"answers": {"version": "a\x1b[0m"}}, "answers.version"),
    ({"answers": {"version": "1", "ansible_user": "-oProxyCommand=id"}}, "answers.ansible_user"),
]


@pytest.mark.parametrize(("fault", "field"), FAULTS)
def test_what_an_order_cannot_have_is_refused_by_its_field(
    admin: Caller, operator: Caller, shop: str, fault: dict[str, Any], field: str
) -> None:
    admin.patch(f"/api/v1/templates/{shop}", {"survey": SURVEY})
    body = {"template": shop, "answers": {"version": "1"}} | fault
    problem = operator.post("/api/v1/runs", body, status=422)
    assert field in [one["field"] for one in problem["errors"]]
    assert operator.post("/api/v1/runs/preview", body, status=422)["errors"] == problem["errors"]
    assert operator.get("/api/v1/runs")["items"] == []


def test_a_question_that_must_be_answered_is_named(
    admin: Caller, operator: Caller, shop: str
) -> None:
    admin.patch(f"/api/v1/templates/{shop}", {"survey": SURVEY})
    (fault,) = operator.post("/api/v1/runs", {"template": shop}, status=422)["errors"]
    assert "version" in fault["field"] + fault["reason"]


def test_answers_are_kept_with_the_defaults_of_what_was_not_answered(
    admin: Caller, operator: Caller, shop: str
) -> None:
    admin.patch(f"/api/v1/templates/{shop}", {"survey": SURVEY})
    payload = "{{ lookup('pipe', 'id') }}"
    body = {"template": shop, "answers": {"version": payload, "node": "web-1"}}
    made = operator.post("/api/v1/runs", body)
    assert made["answers"] == {"version": payload, "count": 3, "node": "web-1"}


def test_a_template_that_needs_a_limit_is_not_run_on_everything(
    admin: Caller, operator: Caller, shop: str
) -> None:
    admin.patch(f"/api/v1/templates/{shop}", {"requires_limit": True})
    for limit in ({}, {"limit": "  "}):
        operator.post("/api/v1/runs", {"template": shop} | limit, status=422)
    assert operator.post("/api/v1/runs", {"template": shop, "limit": "all"})["host_count"] == 2


def test_an_unknown_template_or_run_is_named(operator: Caller, shop: str) -> None:
    assert shop
    assert "absent" in operator.post("/api/v1/runs", {"template": "absent"}, status=404)["detail"]
    for path in ("", "/events", "/hosts", "/tasks", "/log"):
        assert "run 77" in operator.get(f"/api/v1/runs/77{path}", status=404)["detail"]
    for act in ("cancellation", "relaunch"):
        assert "run 77" in operator.post(f"/api/v1/runs/77/{act}", {}, status=404)["detail"]
    for number in ("0", "-1", "x", str(2**31)):
        operator.get(f"/api/v1/runs/{number}", status=422)


def test_a_playbook_that_is_gone_is_not_ordered(operator: Caller, checkout: Any, shop: str) -> None:
    (checkout / "playbooks/site.yml").unlink()
    problem = operator.post("/api/v1/runs", {"template": shop}, status=422)
    assert "playbooks/site.yml" in problem["detail"]


@pytest.mark.parametrize(
    ("scope", "allowed"),
    [("viewer", "viewer operator admin"), ("operator", "operator admin"), ("admin", "admin")],
)
def test_who_may_order_is_for_the_template_to_decide(
    request: pytest.FixtureRequest, admin: Caller, shop: str, scope: str, allowed: str
) -> None:
    admin.patch(f"/api/v1/templates/{shop}", {"launch_role": scope})
    for name in ("viewer", "operator", "admin"):
        caller: Caller = request.getfixturevalue(name)
        status = 201 if name in allowed.split() else 403
        caller.post("/api/v1/runs", {"template": shop}, status=status)


def test_lists_are_filtered_and_the_newest_is_first(
    admin: Caller, viewer: Caller, order: Order
) -> None:
    first, second = order(), order(limit="web-1")
    admin.post("/api/v1/templates", SHOP | {"template": "other"})
    third = admin.post("/api/v1/runs", {"template": "other"})["id"]
    admin.post(f"/api/v1/runs/{first}/cancellation", {})

    def ids(query: str) -> list[int]:
        return [item["id"] for item in viewer.get(f"/api/v1/runs?{query}")["items"]]

    assert ids("") == [third, second, first]
    assert ids("template=shop") == [second, first]
    assert ids("state=queued&template=shop") == [second]
    assert ids("state=cancelled&state=queued&sort=id") == [first, second, third]
    assert ids("template=absent") == []
    page = viewer.get("/api/v1/runs?limit=2")
    rest = viewer.get(f"/api/v1/runs?limit=2&cursor={page['next_cursor']}")
    assert [item["id"] for item in (*page["items"], *rest["items"])] == [third, second, first]
    viewer.get("/api/v1/runs?state=strange", status=422)


def test_a_run_that_waits_is_cancelled_at_once(operator: Caller, order: Order) -> None:
    run_id = order()
    path = f"/api/v1/runs/{run_id}/cancellation"
    made = operator.post(path, {"reason": "wrong one"})
    assert made["state"] == "cancelled"
    assert made["state_reason"] == "cancelled by test-operator: wrong one"
    assert made["ended_at"]
    assert "has ended" in operator.post(path, {}, status=409)["detail"]


def test_a_live_run_is_cancelled_by_its_supervisor_and_twice_is_once(
    operator: Caller, admin: Caller, order: Order, recorder: Recorder
) -> None:
    run_id = order()
    recorder.begin(run_id)
    path = f"/api/v1/runs/{run_id}/cancellation"
    made = operator.post(path, {"reason": "wrong one"})
    assert (made["state"], made["ended_at"]) == ("cancelling", None)
    assert operator.post(path, {"reason": "again"})["state_reason"] == made["state_reason"]
    recorder.end(run_id, RunState.CANCELLED)
    ended = operator.get(f"/api/v1/runs/{run_id}")
    assert (ended["state"], ended["state_reason"]) == ("cancelled", made["state_reason"])
    records = admin.get(f"/api/v1/audit?noun=run&subject={run_id}")["items"]
    assert [(one["action"], one["actor"], one["door"]) for one in records] == [
        ("cancelled", "worker", "worker"),
        ("cancelling", "test-operator", "api"),
        ("order", "test-operator", "api"),
    ]


def test_a_viewer_cancels_nothing(viewer: Caller, order: Order) -> None:
    viewer.post(f"/api/v1/runs/{order()}/cancellation", {}, status=403)


def test_a_run_is_relaunched_with_its_input_on_all_hosts_or_on_those_that_failed(
    operator: Caller, order: Order, recorder: Recorder
) -> None:
    run_id = order(limit="web-1 web-2", check=True, tags=["db"])
    path = f"/api/v1/runs/{run_id}/relaunch"
    assert "when it has ended" in operator.post(path, {}, status=409)["detail"]
    recorder.begin(run_id)
    recorder.add(run_id, make_play(failed="web-2"))
    recorder.end(run_id, RunState.FAILED)
    first = operator.get(f"/api/v1/runs/{run_id}")
    again = operator.post(path, {"hosts": "all", "reason": "again"})
    failed = operator.post(path, {"hosts": "failed"})
    assert (again["relaunch_of"], again["reason"], again["state"]) == (run_id, "again", "queued")
    for made, hosts in ((again, ["web-1", "web-2"]), (failed, ["web-2"])):
        shown = operator.get(f"/api/v1/runs/{made['id']}")
        assert (shown["options"], shown["limit"]) == (first["options"], first["limit"])
        assert shown["hosts"] == hosts


def test_where_no_host_failed_nothing_is_relaunched(
    operator: Caller, order: Order, recorder: Recorder
) -> None:
    run_id = order()
    recorder.begin(run_id)
    recorder.add(run_id, make_play())
    recorder.end(run_id, RunState.SUCCESSFUL)
    body = {"hosts": "failed"}
    problem = operator.post(f"/api/v1/runs/{run_id}/relaunch", body, status=409)
    assert f"of run {run_id} failed or was unreachable" in problem["detail"]


def test_a_relaunch_is_no_way_to_hosts_that_the_template_does_not_allow_any_more(
    admin: Caller, operator: Caller, order: Order
) -> None:
    run_id = order()
    operator.post(f"/api/v1/runs/{run_id}/cancellation", {})
    operator.post("/api/v1/nodes/web-2/transitions", {"state": "maintenance", "reason": "disk"})
    make_node(admin, "web-4", internal_ip="10.0.0.4", state="active")
    problem = operator.post(f"/api/v1/runs/{run_id}/relaunch", {}, status=409)
    assert "web-2" in problem["detail"]


def test_a_preview_is_what_the_order_would_give_and_records_nothing(
    operator: Caller, viewer: Caller, shop: str
) -> None:
    body = {"template": shop, "limit": "web*", "check": True}
    revision = operator.call("GET", "/api/v1/nodes", status=200).headers["X-Quartermaster-Revision"]
    preview = operator.post("/api/v1/runs/preview", body, status=200)
    assert (preview["hosts"], preview["host_count"]) == (["web-1", "web-2"], 2)
    after = operator.call("GET", "/api/v1/nodes", status=200).headers["X-Quartermaster-Revision"]
    assert (after, viewer.get("/api/v1/runs")["items"]) == (revision, [])
    made = operator.post("/api/v1/runs", body)
    shown = operator.get(f"/api/v1/runs/{made['id']}")
    assert {name: shown[name] for name in preview} == preview
    viewer.post("/api/v1/runs/preview", body, status=403)


def test_a_preview_of_a_relaunch_has_the_hosts_that_failed(
    operator: Caller, order: Order, recorder: Recorder
) -> None:
    run_id = order()
    path = f"/api/v1/runs/{run_id}/relaunch"
    recorder.begin(run_id)
    operator.post(f"{path}/preview", {}, status=409)
    recorder.add(run_id, make_play(failed="web-2"))
    recorder.end(run_id, RunState.FAILED)
    preview = operator.post(f"{path}/preview", {"hosts": "failed"}, status=200)
    assert (preview["hosts"], preview["relaunch_of"]) == (["web-2"], run_id)
    assert len(operator.get("/api/v1/runs")["items"]) == 1
