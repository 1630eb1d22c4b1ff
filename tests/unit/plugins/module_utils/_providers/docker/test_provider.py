# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the provider asks of an engine, above all while others make servers at the same time."""

from __future__ import annotations

import io
import tarfile
import typing as t
from dataclasses import replace

import docker.errors
import pytest
import requests
from ansible_collections.quartermaster.fleet.plugins.module_utils._module import Failure
from ansible_collections.quartermaster.fleet.plugins.module_utils._providers.docker import (
    containers,
    engine,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._providers.docker import (
    provider as _provider,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._providers.provider import Wanted

POOL = {"Subnet": "10.210.5.0/24", "Gateway": "10.210.5.1", "IPRange": "10.210.5.224/27"}
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB7v"
WANTED = Wanted(
    name="web-1",
    owner="us",
    spec="s-1vcpu-1gb",
    image="host:1",
    labels={"rack": "a1"},
    ssh_public_keys=(KEY,),
)


def refusal(text: str, status: int = 500) -> docker.errors.APIError:
    response = requests.Response()
    response.status_code, response.url, response.reason = status, Api.base_url, "refused"
    return docker.errors.APIError(text, response=response, explanation=text)


class Api:
    """An engine with one network, which does what the test says beside it."""

    base_url = "http://engine"

    def __init__(self) -> None:
        self.made: dict[str, dict[str, t.Any]] = {}
        self.asked: list[str] = []
        self.next: dict[str, list[t.Callable[[], None]]] = {}
        """What happens at the next calls, by their names."""
        self.is_active = True
        self.number = 0

    def _at(self, call: str) -> None:
        self.asked.append(call)
        if self.next.get(call):
            self.next[call].pop(0)()

    def inspect_container(self, name: str) -> dict[str, t.Any]:
        for attrs in self.made.values():
            if name in (attrs["Id"], attrs["Name"]):
                return attrs
        raise docker.errors.NotFound(f"no container {name}")

    def containers(self, **options: t.Any) -> list[dict[str, t.Any]]:
        labels = dict(text.split("=") for text in options.get("filters", {}).get("label", ()))
        return [
            {**attrs, "Labels": attrs["Config"]["Labels"]}
            for attrs in self.made.values()
            if labels.items() <= attrs["Config"]["Labels"].items()
        ]

    def inspect_network(self, _name: str) -> dict[str, t.Any]:
        return {"IPAM": {"Config": [{"Subnet": "fd00::/64"}, POOL]}}

    def inspect_image(self, image: str) -> None:
        if image != WANTED.image:
            raise docker.errors.ImageNotFound(f"no image {image}")

    @staticmethod
    def create_endpoint_config(**options: t.Any) -> dict[str, t.Any]:
        return options

    create_networking_config = staticmethod(dict)
    create_host_config = create_endpoint_config

    def create_container(self, image: str, *, name: str, **options: t.Any) -> dict[str, str]:
        self._at("create")
        return {"Id": self.add(image, name, **options)}

    def add(self, image: str, name: str, **options: t.Any) -> str:
        """Have a container, not yet started."""
        self.number += 1
        host, ((network, endpoint),) = options["host_config"], options["networking_config"].items()
        address = {"IPv4Address": endpoint["ipv4_address"]}
        self.made[name] = {
            "Id": f"id-{self.number}",
            "Name": name,
            "Config": {"Labels": options["labels"], "Image": image},
            "HostConfig": {
                "CpuPeriod": host["cpu_period"],
                "CpuQuota": host["cpu_quota"],
                "Memory": host["mem_limit"],
            },
            "NetworkSettings": {"Networks": {network: {"IPAMConfig": address}}},
            "State": {
                "Running": False,
                "Restarting": False,
                "ExitCode": 0,
                "StartedAt": containers.NEVER,
            },
        }
        return f"id-{self.number}"

    def put_archive(self, container_id: str, path: str, archive: bytes) -> None:
        with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
            file = packed.extractfile(".ssh/authorized_keys")
            assert file
            self._at(f"keys {path} {file.read().decode().strip()}")
        self.inspect_container(container_id)

    def start(self, container_id: str) -> None:
        self._at("start")
        state = self.inspect_container(container_id)["State"]
        state.update(Running=True, StartedAt="2026-11-21T09:00:20Z")

    def stop(self, container_id: str, timeout: int) -> None:
        self._at(f"stop {timeout}")
        self.inspect_container(container_id)["State"]["Running"] = False

    def update_container(self, container_id: str, **limits: int) -> None:
        host = self.inspect_container(container_id)["HostConfig"]
        host.update(CpuQuota=limits["cpu_quota"], Memory=limits["mem_limit"])

    def remove_container(self, container_id: str, *, v: bool, force: bool) -> None:
        assert v
        assert force
        self._at("remove")
        del self.made[self.inspect_container(container_id)["Name"]]

    def get_archive(self, _container_id: str, path: str) -> tuple[list[bytes], None]:
        assert path == "/etc/ssh"
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            member = tarfile.TarInfo("ssh/ssh_host_ed25519_key.pub")
            member.size = len(KEY)
            archive.addfile(member, io.BytesIO(KEY.encode()))
        return [buffer.getvalue()], None

    def exec_create(self, *_: t.Any) -> dict[str, str]:
        return {"Id": "run"}

    def exec_start(self, _run: str) -> None:
        """The unit is asked."""

    def exec_inspect(self, _run: str) -> dict[str, int]:
        return {"ExitCode": 0 if self.is_active else 3}


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Api:
    monkeypatch.setattr(engine.time, "sleep", lambda _s: None)
    return Api()


@pytest.fixture
def provider(api: Api) -> _provider.DockerProvider:
    return _provider.DockerProvider(engine.Engine(t.cast("t.Any", api), "lab", timeout_s=60))


def raising(error: Exception) -> t.Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


def test_a_server_is_made_as_previewed_and_once(
    api: Api, provider: _provider.DockerProvider
) -> None:
    assert provider.check(WANTED, None) == []
    shown = provider.preview(WANTED)
    made = provider.create(WANTED)
    again = provider.create(WANTED)

    assert made == again == provider.find_server("web-1", "us")
    assert (made.status, made.ssh_host_keys, made.labels) == ("running", (KEY,), {"rack": "a1"})
    assert replace(shown, provider_id=made.provider_id, ssh_host_keys=(KEY,)) == made
    assert api.asked == ["create", f"keys /root {KEY}", "start"]
    assert provider.list_servers("us") == [made]
    assert provider.list_servers("somebody") == []


def test_a_server_of_another_owner_is_refused(api: Api, provider: _provider.DockerProvider) -> None:
    provider.create(WANTED)

    with pytest.raises(Failure, match=r"carries quartermaster\.owner=us and not 'them'") as ours:
        provider.find_server("web-1", "them")
    api.made["lab.web-1"]["Config"]["Labels"] = None
    with pytest.raises(Failure, match=r"carries no label quartermaster\.owner") as nobodys:
        provider.find_server("web-1", "us")

    assert ours.value.code == nobodys.value.code == "not_ours"


def test_a_server_is_resized_stopped_started_and_removed(
    api: Api, provider: _provider.DockerProvider
) -> None:
    made = provider.create(WANTED)
    assert provider.has_size(made, "s-1vcpu-1gb")

    resized = provider.resize(made, "s-2vcpu-4gb")
    stopped = provider.stop(resized)
    started = provider.start(stopped)
    provider.remove(started)
    provider.remove(started)

    assert (resized.spec, provider.has_size(resized, "s-1vcpu-1gb")) == ("s-2vcpu-4gb", False)
    assert (stopped.status, started.status) == ("stopped", "running")
    assert api.asked[-4:] == ["stop 30", "start", "remove", "remove"]
    assert provider.find_server("web-1", "us") is None


def test_a_removal_that_goes_on_already_is_waited_for(
    api: Api, provider: _provider.DockerProvider
) -> None:
    made = provider.create(WANTED)

    def goes_on() -> None:
        api.made.clear()
        raise refusal("removal of container is already in progress")

    api.next["remove"] = [goes_on]
    provider.remove(made)
    api.next["remove"] = [raising(refusal("no space left"))]

    with pytest.raises(Failure, match="no space left"):
        provider.remove(made)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"spec": None}, "missing"),
        ({"image": None}, "missing"),
        ({"image": "other:1"}, "no_image"),
        ({"spec": "enormous"}, "unknown_spec"),
    ],
)
def test_what_cannot_be_made_is_refused_before(
    provider: _provider.DockerProvider, changed: dict[str, t.Any], code: str
) -> None:
    with pytest.raises(Failure) as caught:
        provider.check(replace(WANTED, **changed), None)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("changed", "warns", "is_refused"),
    [
        ({}, False, False),
        ({"labels": None, "region": None, "image": None, "spec": None}, False, False),
        ({"image": "other:1"}, True, False),
        ({"labels": {"rack": "b2"}}, False, True),
        ({"region": "north"}, False, True),
    ],
)
def test_of_a_server_that_is_there_labels_and_region_are_fixed(
    provider: _provider.DockerProvider, changed: dict[str, t.Any], *, warns: bool, is_refused: bool
) -> None:
    made = provider.create(WANTED)
    wanted = replace(WANTED, **changed)

    if is_refused:
        with pytest.raises(Failure, match="fixed at creation"):
            provider.check(wanted, made)
    else:
        warnings = provider.check(wanted, made)
        assert ["keeps its image host:1" in text for text in warnings] == [True] * warns


def test_a_server_in_the_making_is_checked_as_a_new_one(provider: _provider.DockerProvider) -> None:
    made = replace(provider.create(WANTED), status="creating")

    with pytest.raises(Failure, match="spec is needed"):
        provider.check(replace(WANTED, spec=None), made)


def take(api: Api, name: str, address: str, **changed: t.Any) -> None:
    """Have somebody else make a container."""
    api.add(
        "host:1",
        f"lab.{name}",
        labels=containers.get_labels(replace(WANTED, name=name, **changed), "lab"),
        host_config=containers.get_limits("s-1vcpu-1gb"),
        networking_config={"lab": {"ipv4_address": address}},
    )


def test_who_takes_the_name_meanwhile_is_waited_for(
    api: Api, provider: _provider.DockerProvider
) -> None:
    def taken() -> None:
        take(api, "web-1", "10.210.5.77")
        raise refusal("the name is in use", 409)

    api.next["create"] = [taken]

    made = provider.create(WANTED)

    assert (made.internal_ip, made.status) == ("10.210.5.77", "running")
    assert api.asked == ["create", f"keys /root {KEY}", "start"]


def test_another_refusal_of_the_engine_is_told(
    api: Api, provider: _provider.DockerProvider
) -> None:
    api.next["create"] = [raising(refusal("no space left"))]

    with pytest.raises(Failure, match=r"cannot create the server web-1: .*no space left"):
        provider.create(WANTED)


def test_of_two_with_one_address_the_later_one_gives_way(
    api: Api, provider: _provider.DockerProvider
) -> None:
    address = provider.preview(WANTED).internal_ip
    assert address
    api.next["create"] = [lambda: take(api, "other", address)]

    made = provider.create(WANTED)

    assert made.internal_ip != address
    assert api.asked == ["create", "remove", "create", f"keys /root {KEY}", "start"]


def test_an_address_that_is_taken_at_the_start_is_given_up(
    api: Api, provider: _provider.DockerProvider
) -> None:
    api.next["start"] = [raising(refusal("Address already in use"))]

    assert provider.create(WANTED).status == "running"
    assert api.asked.count("create") == 2
    api.made.clear()
    api.next["start"] = [raising(refusal("no such device"))]
    with pytest.raises(Failure, match="no such device"):
        provider.create(WANTED)


def test_a_container_that_is_gone_before_its_start_is_made_anew(
    api: Api, provider: _provider.DockerProvider
) -> None:
    api.next["start"] = [api.made.clear]

    assert provider.create(WANTED).status == "running"
    assert api.asked.count("create") == 2


@pytest.mark.parametrize("changed", [{"image": "host:2"}, {"spec": "s-2vcpu-4gb"}])
def test_what_a_killed_run_made_otherwise_is_made_anew(
    api: Api, provider: _provider.DockerProvider, changed: dict[str, str]
) -> None:
    take(api, "web-1", "10.210.5.77")

    made = provider.create(replace(WANTED, **changed))

    assert api.asked[:2] == ["remove", "create"]
    assert {**vars(made), **changed} == vars(made)


def test_addresses_that_others_take_all_the_time_end_the_tries(
    api: Api, provider: _provider.DockerProvider
) -> None:
    api.next["start"] = [raising(refusal("address already in use"))] * 40

    with pytest.raises(Failure, match="could not be made in 30 tries") as caught:
        provider.create(WANTED)

    assert (caught.value.code, api.asked.count("create")) == ("busy", 30)


def test_a_server_that_ends_in_its_boot_is_a_failure(
    api: Api, provider: _provider.DockerProvider
) -> None:
    made = provider.create(WANTED)
    state = api.made["lab.web-1"]["State"]
    api.start = lambda _id: state.update(Running=False, ExitCode=255)  # type: ignore[method-assign]

    with pytest.raises(Failure, match="ended during its boot with code 255") as caught:
        provider.start(made)
    assert caught.value.code == "boot_failed"
