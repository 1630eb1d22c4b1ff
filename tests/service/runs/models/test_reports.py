# SPDX-License-Identifier: Apache-2.0
"""Reports show what outsiders may see, and nothing of how they are stored."""

from datetime import UTC, datetime

from inventory_service.runs.models.reports import HostResult, StoredEvent, TaskResult
from inventory_service.runs.routes.schemas import EventOut, HostOut, TaskOut

AT = datetime(2026, 11, 27, tzinfo=UTC)


def test_an_event_is_shown() -> None:
    fields = {
        "counter": 3,
        "kind": "runner_on_ok",
        "at": AT,
        "play": "p",
        "task": "t",
        "host": "web-1",
        "is_changed": True,
        "text": "ok: [web-1]",
    }
    assert StoredEvent(run_id=7, **fields).as_dict() == fields
    # Which slice it is of, its run knows.
    assert {*fields, "slice_no"} == EventOut.model_fields.keys()


def test_the_result_of_a_host_is_shown() -> None:
    names = ("ok", "changed", "failed", "unreachable", "skipped", "rescued", "ignored")
    fields = {"host": "web-1", **{name: number for number, name in enumerate(names)}}
    assert HostResult(run_id=7, **fields).as_dict() == fields
    assert fields.keys() == HostOut.model_fields.keys()


def test_the_result_of_a_task_is_shown() -> None:
    counts = {
        name: number
        for number, name in enumerate(("ok", "changed", "failed", "unreachable", "skipped"))
    }
    fields = {"number": 1, "play": "p", "task": "t", "started_at": AT, "ended_at": None} | counts
    assert TaskResult(run_id=7, **fields).as_dict() == fields
    assert fields.keys() == TaskOut.model_fields.keys()
