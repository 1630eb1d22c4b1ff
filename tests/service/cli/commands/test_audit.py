# SPDX-License-Identifier: Apache-2.0
"""`qm audit` asks the same questions as the API."""

from datetime import UTC, datetime, timedelta

import pytest

from inventory_service.core.actors import Scope
from tests.service.cli.conftest import Ask, Qm


@pytest.mark.parametrize(
    ("words", "subjects"),
    [
        ([], ["POST /api/v1/projects", "blog", "shop"]),
        (["--actor", "viewer"], ["POST /api/v1/projects"]),
        (["--actor", "admin", "--action", "register"], ["blog", "shop"]),
        (["--noun", "project", "--subject", "shop"], ["shop"]),
        (["--outcome", "refused"], ["POST /api/v1/projects"]),
        (["--door", "ansible"], []),
        (
            ["--since", "1h", "--until", "2099-01-31T12:00:00Z", "--limit", "1"],
            ["POST /api/v1/projects"],
        ),
        (["--until", "5m"], []),
    ],
)
def test_each_option_asks_the_service(
    ask: Ask, qm: Qm, words: list[str], subjects: list[str]
) -> None:
    for name in ("shop", "blog"):
        ask("project", "add", name)
    assert qm("project", "add", "late", scope=Scope.VIEWER).exit_code == 6
    found = ask("audit", *words)
    assert [one["subject"] for one in found if one["noun"] in {"project", "request"}] == subjects


@pytest.mark.parametrize(
    "words", [["--since", "yesterday"], ["--until", "2026-01-01"], ["--door", "window"]]
)
def test_what_cannot_be_meant_is_wrong_usage(qm: Qm, words: list[str]) -> None:
    assert qm("audit", *words).exit_code == 2


@pytest.mark.parametrize("span", ["1m", "1h", "7d"])
def test_a_moment_may_be_a_span_ago(ask: Ask, span: str) -> None:
    ask("project", "add", "shop")
    assert len(ask("audit", "--noun", "project", "--since", span)) == 1
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    assert ask("audit", "--noun", "project", "--since", soon) == []


def test_the_table_tells_times_to_the_second(qm: Qm) -> None:
    line = next(row for row in qm("audit", "--noun", "token").stdout.splitlines() if "2" in row)
    assert "." not in line.split()[1]
