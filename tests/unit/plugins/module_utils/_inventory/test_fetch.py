# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The last good answer serves while the service is down, for a limited time, never otherwise."""

from __future__ import annotations

import json
import multiprocessing
import os
import stat
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.quartermaster.fleet.plugins.module_utils._inventory import cache
from ansible_collections.quartermaster.fleet.plugins.module_utils._inventory.cache import Cache
from ansible_collections.quartermaster.fleet.plugins.module_utils._inventory.fetch import (
    fetch_fleet,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._service.client import (
    Client,
    ClientError,
)

Columns = t.Callable[..., dict[str, t.Any]]
HOUR_S = 3600
V1 = {"headers": {"ETag": '"v1"'}}
PROBLEM = {"title": "x"}


class Reader:
    """Fetches from one service, and keeps what it was warned of."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.warnings: list[str] = []
        self.timeout_s = 10.0

    def fetch(
        self, token: str | None = None, max_age_s: float = HOUR_S, **filters: list[str]
    ) -> list[str]:
        client = Client(self.url, token, timeout_s=self.timeout_s, pause=lambda _: None)
        return fetch_fleet(client, filters, max_age_s=max_age_s, warn=self.warnings.append).names


@pytest.fixture
def reader(loopback: t.Any) -> Reader:
    return Reader(loopback.url)


def kept_files() -> list[Path]:
    return sorted(Path(os.environ["QM_CACHE_DIR"]).rglob("*.*"))


def test_each_fetch_asks_and_an_unchanged_fleet_comes_from_the_disk(
    loopback: t.Any, reader: Reader, columns: Columns
) -> None:
    loopback.reply(columns("a", "b"), **V1)
    assert reader.fetch() == reader.fetch() == ["a", "b"]
    assert [asked.headers.get("if-none-match") for asked in loopback.asked] == [None, '"v1"']
    assert not reader.warnings


def test_a_changed_fleet_replaces_the_kept_one(
    loopback: t.Any, reader: Reader, columns: Columns
) -> None:
    loopback.reply(columns("a"), **V1)
    loopback.reply(columns("b"), headers={"ETag": '"v2"'})
    assert [reader.fetch(), reader.fetch(), reader.fetch()] == [["a"], ["b"], ["b"]]
    assert loopback.asked[2].headers["if-none-match"] == '"v2"'


def test_filters_are_sent_and_each_question_has_its_own_answer(
    loopback: t.Any, reader: Reader, columns: Columns
) -> None:
    loopback.reply(columns("a"), **V1)
    reader.fetch()
    reader.fetch(state=["failed", "active"], project=[])
    reader.fetch(token="other")
    assert loopback.asked[1].path.endswith("?format=columns&state=active&state=failed")
    assert all("if-none-match" not in asked.headers for asked in loopback.asked)
    assert len(kept_files()) == 3


BAD_ANSWERS = {
    "empty": {"document": b""},
    "null": {"document": b"null"},
    "cut short": {"document": b'{"version": 1, "columns": []}', "cut": 5},
    "half a document": {"document": b'{"version": 1, "columns": ["node_id"], "ro'},
    "html": {"document": b"<html>", "headers": {"Content-Type": "text/html"}},
    "another shape": {"document": {"nodes": []}},
    "a fault": {"document": PROBLEM, "status": 500},
    "not ready": {"document": PROBLEM, "status": 503, "headers": {"Retry-After": "1"}},
    "too many requests": {"document": PROBLEM, "status": 429},
    "silence": {"document": {}, "holds": True},
}


@pytest.mark.parametrize("bad", BAD_ANSWERS.values(), ids=BAD_ANSWERS.keys())
def test_a_bad_answer_is_refused_and_the_kept_one_used_with_a_warning(
    loopback: t.Any, reader: Reader, columns: Columns, bad: dict[str, t.Any]
) -> None:
    loopback.reply(columns("a"), **V1)
    loopback.reply(**bad)
    reader.fetch()
    before = kept_files()[0].read_bytes()
    reader.timeout_s = 0.3
    assert reader.fetch() == ["a"]
    assert "last good answer" in reader.warnings[0]
    assert [path.read_bytes() for path in kept_files()] == [before]


@pytest.mark.parametrize("bad", BAD_ANSWERS.values(), ids=BAD_ANSWERS.keys())
def test_a_bad_answer_without_a_kept_one_is_an_error_and_is_not_kept(
    loopback: t.Any, reader: Reader, bad: dict[str, t.Any]
) -> None:
    loopback.reply(**bad)
    reader.timeout_s = 0.3
    with pytest.raises(ClientError, match="No earlier answer"):
        reader.fetch()
    assert not kept_files()


@pytest.mark.parametrize("status", [301, 401, 403, 404])
def test_a_refusal_of_the_account_or_the_address_is_never_answered_from_the_disk(
    loopback: t.Any, reader: Reader, columns: Columns, status: int
) -> None:
    loopback.reply(columns("a"), **V1)
    loopback.reply(PROBLEM, status=status, headers={"Location": "/x"})
    reader.fetch()
    with pytest.raises(ClientError) as caught:
        reader.fetch()
    assert caught.value.status == status


def test_a_service_that_is_down_is_bridged_for_the_stated_time_only(
    loopback: t.Any, reader: Reader, columns: Columns
) -> None:
    loopback.reply(columns("a"), **V1)
    loopback.reply(PROBLEM, status=500)
    reader.fetch()
    now = time.time()
    for age_s, is_used in ((HOUR_S - 60, True), (HOUR_S + 60, False), (-600, False)):
        os.utime(kept_files()[0], (now - age_s, now - age_s))
        if is_used:
            assert reader.fetch() == ["a"]
        else:
            with pytest.raises(ClientError, match="cache_max_age"):
                reader.fetch()


@pytest.mark.parametrize(
    ("age_s", "is_used"), [(0, True), (HOUR_S, True), (HOUR_S + 1, False), (-2, True), (-3, False)]
)
def test_the_stated_time_is_the_last_second_that_is_bridged(
    loopback: t.Any,
    reader: Reader,
    columns: Columns,
    monkeypatch: pytest.MonkeyPatch,
    age_s: int,
    *,
    is_used: bool,
) -> None:
    loopback.reply(columns("a"), **V1)
    loopback.reply(PROBLEM, status=500)
    reader.fetch()
    os.utime(kept_files()[0], (1_800_000_000, 1_800_000_000))
    # Time stands still, so that the age is exact.
    monkeypatch.setattr(cache.time, "time", lambda: 1_800_000_000.0 + age_s)
    if is_used:
        assert reader.fetch() == ["a"]
    else:
        with pytest.raises(ClientError, match=f" {age_s} s old; at most {HOUR_S} s"):
            reader.fetch()


def test_an_age_of_zero_means_never(loopback: t.Any, reader: Reader, columns: Columns) -> None:
    loopback.reply(columns("a"), **V1)
    loopback.reply(PROBLEM, status=500)
    reader.fetch()
    os.utime(kept_files()[0], (time.time() - 5, time.time() - 5))
    with pytest.raises(ClientError):
        reader.fetch(max_age_s=0)


def test_a_confirmed_answer_is_young_again(
    loopback: t.Any, reader: Reader, columns: Columns
) -> None:
    loopback.reply(columns("a"), **V1)
    reader.fetch()
    os.utime(kept_files()[0], (0, 0))
    reader.fetch()
    assert time.time() - kept_files()[0].stat().st_mtime < 60


def test_kept_answers_are_for_the_owner_only(
    loopback: t.Any, reader: Reader, columns: Columns
) -> None:
    loopback.reply(columns("a"), **V1)
    reader.fetch()
    (path,) = kept_files()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_directory_that_others_could_enter_is_closed(
    loopback: t.Any, reader: Reader, columns: Columns
) -> None:
    directory = Path(os.environ["QM_CACHE_DIR"], "inventory")
    directory.mkdir(parents=True)
    directory.chmod(0o777)
    loopback.reply(columns("a"), **V1)
    reader.fetch()
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def test_a_file_that_others_could_write_is_not_used(
    loopback: t.Any, reader: Reader, columns: Columns
) -> None:
    loopback.reply(columns("a"), **V1)
    reader.fetch()
    kept_files()[0].chmod(0o666)
    reader.fetch()
    assert "others could write" in reader.warnings[0]
    assert "if-none-match" not in loopback.asked[1].headers


def test_a_link_in_place_of_the_file_is_not_followed(
    loopback: t.Any, reader: Reader, columns: Columns, tmp_path: Path
) -> None:
    loopback.reply(columns("a"), **V1)
    reader.fetch()
    (path,) = kept_files()
    target = path.rename(tmp_path / "elsewhere.json")
    before = target.read_bytes()
    path.symlink_to(target)
    assert reader.fetch() == ["a"]
    assert not path.is_symlink()
    assert target.read_bytes() == before


@pytest.mark.parametrize("damage", [b"", b"{}", b"\x00" * 100, None])
def test_a_damaged_file_is_as_if_there_were_none(
    loopback: t.Any, reader: Reader, columns: Columns, damage: bytes | None
) -> None:
    loopback.reply(columns("a"), **V1)
    reader.fetch()
    (path,) = kept_files()
    path.write_bytes(path.read_bytes()[:-7] if damage is None else damage)
    assert reader.fetch() == ["a"]
    assert "if-none-match" not in loopback.asked[1].headers


def test_a_cache_that_cannot_be_written_is_a_warning(
    loopback: t.Any,
    reader: Reader,
    columns: Columns,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("QM_CACHE_DIR", str(tmp_path / "file"))
    loopback.reply(columns("a"), **V1)
    assert reader.fetch() == ["a"]
    assert any("cannot be kept" in warning for warning in reader.warnings)


def test_an_empty_fleet_is_told(loopback: t.Any, reader: Reader, columns: Columns) -> None:
    loopback.reply(columns(groups={}), **V1)
    assert reader.fetch() == []
    assert "empty" in reader.warnings[0]


def _write_often(directory: str, letter: str) -> None:
    os.environ["QM_CACHE_DIR"] = directory
    cache = Cache("question", pytest.fail)
    for __ in range(200):
        cache.write(letter, letter.encode() * 100_000)


def test_processes_that_write_at_once_leave_one_whole_answer() -> None:
    spawn = multiprocessing.get_context("fork")
    writers = [
        spawn.Process(target=_write_often, args=(os.environ["QM_CACHE_DIR"], letter))
        for letter in "abcd"
    ]
    cache = Cache("question", pytest.fail)
    cache.write("0", b"0")
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        kept = cache.read()
        assert kept is not None
        assert set(kept.body.decode()) == {kept.etag}
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    assert len(kept_files()) == 1


def test_the_token_is_not_in_the_kept_file(
    loopback: t.Any, reader: Reader, columns: Columns
) -> None:
    loopback.reply(columns("a"), **V1)
    reader.fetch(token="qm_very_secret")
    (path,) = kept_files()
    assert b"qm_very_secret" not in path.read_bytes()
    assert "qm_very_secret" not in path.name
    assert json.loads(path.read_bytes().split(b"\n")[0])["etag"] == '"v1"'
