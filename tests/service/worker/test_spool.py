# SPDX-License-Identifier: Apache-2.0
"""The spool keeps each event, whenever it is read and whatever was written last."""

import zlib
from pathlib import Path

import pytest

from inventory_service.runs.domain.plans import PlanBasis
from inventory_service.runs.domain.states import RunState
from inventory_service.worker import spool
from inventory_service.worker.spool import (
    SpooledEnd,
    SpoolReader,
    SpoolWriter,
    conclude_plan,
    iter_log,
)
from tests.service.worker.conftest import make_event, write_spool

RECAP = {"ok": {"web-1": 3}, "dark": {"web-2": 1}}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.jsonl"


def test_events_come_back_as_they_were_written(path: Path) -> None:
    events = [
        make_event(1, host="web-1", task="a task", task_id="t1", play="a play", is_changed=True),
        make_event(2, text="zwei\nlines \u2028 and ä"),
        make_event(3, "playbook_on_stats", recap=RECAP, is_ignored=True),
    ]
    write_spool(path, events)
    assert SpoolReader(path).read(100) == events


def test_a_spool_is_its_owners_alone_and_never_one_that_was_there(path: Path) -> None:
    write_spool(path, [])
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        SpoolWriter(path)


def test_a_reader_goes_on_where_it_was_while_the_spool_grows(path: Path) -> None:
    reader = SpoolReader(path)
    assert reader.read(10) == []
    writer = SpoolWriter(path)
    writer.add([make_event(1), make_event(2), make_event(3)])
    assert [event.counter for event in reader.read(2)] == [1, 2]
    assert [event.counter for event in reader.read(2)] == [3]
    writer.add([make_event(4)])
    assert [event.counter for event in reader.read(2)] == [4]
    writer.close()


def test_a_line_that_is_not_whole_is_left_until_it_is(path: Path) -> None:
    write_spool(path, [make_event(1), make_event(2)])
    whole = path.read_bytes()
    path.write_bytes(whole[:-5])
    reader = SpoolReader(path)
    assert [event.counter for event in reader.read(10)] == [1]
    path.write_bytes(whole)
    assert [event.counter for event in reader.read(10)] == [2]


def test_the_end_is_read_with_the_last_events(path: Path) -> None:
    end = SpooledEnd(RunState.UNREACHABLE, "could not reach web-1", 4)
    write_spool(path, [make_event(1)], end)
    reader = SpoolReader(path)
    assert reader.end is None
    assert len(reader.read(10)) == 1
    assert reader.end == end


def test_the_log_is_the_text_of_all_events_in_chunks(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool, "_CHUNK_CHARACTERS", 20)
    write_spool(path, [*map(make_event, range(1, 11)), make_event(11, text="")])
    chunks = [*iter_log(path)]
    assert len(chunks) == 3
    text = b"".join(map(zlib.decompress, chunks)).decode()
    assert text == "".join(f"line {number}\n" for number in range(1, 11))


def test_what_a_plan_amounts_to_comes_back_with_its_end(path: Path) -> None:
    events = [
        make_event(number, "runner_on_ok", host=f"web-{number}", task="t", is_changed=True)
        for number in range(1, 4)
    ]
    write_spool(path, events)
    plan = conclude_plan(path, PlanBasis("a", "b", "c"))
    assert plan.changes == 3
    other = path.with_name("other.jsonl")
    end = SpooledEnd(RunState.SUCCESSFUL, None, 0, plan)
    write_spool(other, events, end)
    reader = SpoolReader(other)
    reader.read(100)
    assert reader.end == end
