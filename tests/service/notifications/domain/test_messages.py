# SPDX-License-Identifier: Apache-2.0
"""What is sent about a run, and that the texts of others stay texts in it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from inventory_service.notifications.domain.messages import (
    Message,
    RunSummary,
    escape_markdown,
    escape_slack,
)

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
RUN = RunSummary(
    id=12,
    template="site",
    state="failed",
    state_reason="exit code 2",
    limit="web-*",
    host_count=3,
    results={"ok": 2, "failed": 1},
    requested_by="ada",
    reason="a <!channel> & more",
    is_check=True,
    created_at=BEGIN,
    started_at=BEGIN,
    ended_at=BEGIN + timedelta(seconds=90),
    link="https://qm.example/api/v1/runs/12",
)


def test_a_message_names_the_run_its_end_and_its_hosts() -> None:
    message = Message(7, "ops", RUN)
    assert message.subject == "Run 12 of site (check): failed"
    assert message.list_lines() == [
        "Hosts: 3 (1 failed, 2 ok)",
        "Why it ended so: exit code 2",
        "Requested by ada: a <!channel> & more",
        "Took 90 s",
    ]
    document = message.as_dict()
    assert (document["event"], document["delivery"], document["run"]["id"]) == ("run.ended", 7, 12)


def test_a_run_that_never_began_has_no_length() -> None:
    run = replace(RUN, started_at=None, reason=None, state_reason=None, results={}, is_check=False)
    message = Message(7, "ops", run)
    assert message.list_lines() == ["Hosts: 3", "Requested by ada"]
    assert message.subject == "Run 12 of site: failed"


def test_a_test_is_about_no_run() -> None:
    message = Message(7, "ops", None)
    assert (message.event, message.as_dict()["run"]) == ("test", None)
    assert "ops" in message.subject
    assert message.list_lines()


def test_slack_reads_no_mention_in_the_text_of_others() -> None:
    assert escape_slack("<!channel> & <@U1>") == "&lt;!channel&gt; &amp; &lt;@U1&gt;"


def test_mattermost_reads_no_mention_and_no_link_in_the_text_of_others() -> None:
    escaped = escape_markdown("@all [click](https://evil.example)")
    assert "@all" not in escaped
    assert escaped.count("\\[") == escaped.count("\\(") == 1
