# SPDX-License-Identifier: Apache-2.0
"""A client finds its service as `qm` does, and reaches all of it."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from inventory_service.client import BadInput, Client, Conflict, InvalidConnection
from tests.service.client.conftest import ONE_DATABASE


def test_arguments_win_over_the_environment_and_that_over_the_profile(
    monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    file = home / ".config/quartermaster/config.ini"
    file.parent.mkdir(parents=True)
    file.write_text("[default]\nurl = http://a\ntoken = qm_a\n[b]\nurl = http://b\ntoken = qm_b\n")
    file.chmod(0o600)
    assert Client().url == "http://a"
    monkeypatch.setenv("QM_URL", "http://env")
    assert (Client().url, Client("http://given").url) == ("http://env", "http://given")
    assert Client(profile="b").url == "http://b"
    with pytest.raises(InvalidConnection, match="'c' is not in"):
        Client(profile="c")
    notices: list[str] = []
    file.chmod(0o644)
    Client(profile="b", notice=notices.append)
    assert "chmod 600" in notices[0]


@ONE_DATABASE
def test_the_service_tells_of_itself(fleet: Client) -> None:
    assert fleet.read_status()["nodes"]["active"] == 2


@ONE_DATABASE
def test_a_port_is_the_same_each_time(api: Client) -> None:
    api.projects.register("shop")
    ports = [api.give_port("shop", "prod", base=8000, size=100)["port"] for _ in range(2)]
    assert ports[0] == ports[1]
    assert 8000 <= ports[0] < 8100
    assert api.give_port("shop", "prod", base=8000, size=100, service="api")["port"] != ports[0]


@ONE_DATABASE
def test_exactly_the_plan_that_was_read_is_imported(api: Client) -> None:
    api.clusters.register("main", mesh_prefix="10.90.0.0/28")
    content = "Project,Servers,MasterSpec,WebSpec\nshop,2,s-2vcpu-4gb,s-1vcpu-1gb\n"
    order = {"format": "csv", "content": content}
    plan = api.plan_import(order, name="projects.csv")["plan"]
    assert len(plan["add"]) == 2
    assert not list(api.nodes.iterate())
    with pytest.raises(Conflict, match=r"import projects\.csv: "):
        api.apply_import(order, plan_digest="0" * 64, name="projects.csv")
    assert api.apply_import(order, plan_digest=plan["digest"])["applied"]
    assert len(list(api.nodes.iterate())) == 2
    with pytest.raises(BadInput) as caught:
        api.plan_import({"format": "csv", "content": "Project,Servers\n"})
    assert caught.value.field_errors[0]["line"] == 1


@ONE_DATABASE
def test_threads_may_share_a_client(fleet: Client) -> None:
    with ThreadPoolExecutor(4) as pool:
        found = list(
            pool.map(lambda name: fleet.nodes.get(name)["node_id"], ["web-1", "web-2"] * 6)
        )
    assert found == ["web-1", "web-2"] * 6
