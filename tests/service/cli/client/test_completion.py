# SPDX-License-Identifier: Apache-2.0
"""Names for completion: asked of the service once, and only what is a name is handed to a shell."""

import json
from collections.abc import Callable
from typing import Any

import click
import pytest
from click.shell_completion import ShellComplete

from inventory_service.cli import main
from inventory_service.cli.client import completion as names
from inventory_service.cli.client.errors import Failure
from inventory_service.client import ServiceUnreachable
from inventory_service.core.actors import Scope
from tests.service.cli.conftest import Service

Ask = Callable[..., Any]


def complete(*words: str) -> list[str]:
    found = ShellComplete(main, {}, "qm", "_QM_COMPLETE").get_completions(
        list(words[:-1]), words[-1]
    )
    return [item.value for item in found]


@pytest.fixture(autouse=True)
def connection(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the completion find the service as a shell's would."""
    monkeypatch.setenv("QM_URL", service.url)
    monkeypatch.setenv("QM_TOKEN", service.tokens[Scope.VIEWER])


def test_every_place_of_a_name_is_completed(ask: Ask, mesh: str) -> None:
    ask("project", "add", "shop")
    ask("service", "add", "shop-api", "--project", "shop", "--environment", "prod")
    ask("node", "add", "web-1", "--type", "web", "--cluster", mesh, "--project", "shop")
    ask("node", "add", "old-1", "--type", "web", "--cluster", mesh)
    ask("node", "retire", "old-1", "--reason", "gone", "--yes")
    for words, expected in (
        (("node", "restore", ""), ["old-1"]),
        (("node", "set", "w"), ["web-1"]),
        (("node", "maintain", ""), ["web-1"]),
        (("node", "add", "x", "--project", "s"), ["shop"]),
        (("cluster", "retire", ""), ["main"]),
        (("project", "set", "sh"), ["shop"]),
        (("service", "show", ""), ["shop-api"]),
        (("service", "add", "y", "--node", "web"), ["web-1"]),
        (("environment", "show", "pr"), ["prod"]),
        (("export", "nodes", "--environment", "st"), ["staging"]),
        (("import", "nodes", "--cluster", ""), ["main"]),
        (("port", "sh"), ["shop"]),
        (("node", "add", ""), []),
        (("node", "show", "W_b"), []),
    ):
        assert complete(*words) == expected, words


def test_what_is_no_name_never_reaches_a_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = {"items": [{"node_id": "$(id)"}, {"node_id": "web-1\n*"}, {"node_id": "web-2"}]}
    monkeypatch.setattr(names.Client, "get", lambda *_: json.loads(json.dumps(answer)))
    assert complete("node", "show", "") == ["web-2"]


@pytest.mark.parametrize(
    "broken",
    [
        ServiceUnreachable("no"),
        Failure("no"),
        click.Abort(),
        ValueError(),
        KeyError(),
        TypeError(),
        OSError(),
    ],
)
def test_whatever_goes_wrong_there_are_no_names(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], broken: Exception
) -> None:
    def fail(*_: object) -> None:
        click.echo("a warning", err=True)
        raise broken

    monkeypatch.setattr(names.Client, "get", fail)
    assert complete("node", "show", "") == []
    assert capsys.readouterr() == ("", "")
