# SPDX-License-Identifier: Apache-2.0
"""A command finds its service by its options, and says on standard error that it waits."""

import click
import pytest

from inventory_service.cli.client.http import open_api
from inventory_service.cli.client.invocation import Invocation
from inventory_service.core.actors import Scope
from tests.service.cli.conftest import Service
from tests.service.client.conftest import NODE, Serve, answer, later


def test_the_options_of_the_call_choose_the_service_and_the_door(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QM_TOKEN", service.tokens[Scope.ADMIN])
    api = open_api(Invocation(url=service.url))
    api.projects.register("shop")
    assert [record["door"] for record in api.audit.iterate(noun="project")] == ["cli"]


@pytest.mark.parametrize("as_json", [False, True])
def test_a_pause_is_announced_to_a_person_and_not_to_a_program(
    serve: Serve, capsys: pytest.CaptureFixture[str], *, as_json: bool
) -> None:
    server = serve(later(503, 0), answer(200, {}))
    invocation = Invocation(url=server.url, as_json=as_json)
    with click.Context(click.Command("qm"), obj=invocation):
        open_api(invocation).get("/api/v1/nodes", NODE)
    told = "" if as_json else "The service is busy; trying again in 1 s.\n"
    assert capsys.readouterr() == ("", told)
