# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults around a server: strangers, wrong input, crowds, and kill -9 at every step."""

from __future__ import annotations

import collections
import json
import typing as t
from collections.abc import Iterator

import pytest
from docker.types import IPAMConfig, IPAMPool

pytestmark = pytest.mark.hosts

STEPS = [
    "before:create_container",
    "after:create_container",
    "before:put_archive",
    "after:put_archive",
    "before:start",
    "after:start",
    "before:exec_inspect",
    "before:get_archive",
]


@pytest.fixture
def stranger(lab: t.Any) -> Iterator[t.Any]:
    """Return a container with the name of a server, made by somebody else."""
    container = lab.client.containers.create(
        lab.image, name=f"{lab.network}.stranger", network=lab.network, command="sleep 1"
    )
    yield container
    container.remove(force=True, v=True)


@pytest.mark.parametrize("state", ["present", "absent", "started", "stopped"])
def test_a_stranger_is_never_touched(lab: t.Any, stranger: t.Any, state: str) -> None:
    before = lab.inspect("stranger")

    answer = lab.make("stranger", state=state)

    assert (answer.code, answer.result["code"]) == (1, "not_ours")
    for word in (stranger.name, "quartermaster.owner", "choose another name"):
        assert word in answer.result["msg"]
    assert lab.inspect("stranger") == before


def test_another_owners_server_is_never_touched(lab: t.Any) -> None:
    lab.make("theirs", owner="them")
    before = lab.inspect("theirs")

    for state in ("present", "absent", "stopped"):
        answer = lab.make("theirs", state=state)
        assert answer.result["code"] == "not_ours"
        assert "quartermaster.owner=them" in answer.result["msg"]
    assert lab.inspect("theirs") == before


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        ({"spec": "banana"}, "unknown_spec", "banana"),
        ({"spec": None}, "missing", "spec is needed"),
        ({"image": None}, "missing", "image is needed"),
        ({"image": "nowhere:1"}, "no_image", "nowhere:1"),
        ({"image": "Bad Name!"}, "engine", "image"),
        ({"docker_network": "h1-nowhere"}, "no_network", "docker network create"),
        ({"docker_host": "unix:///nowhere.sock"}, "engine_unreachable", "/nowhere.sock"),
        ({"docker_host": "tcp://127.0.0.1:9"}, "engine_unreachable", "127.0.0.1:9"),
        ({"name": "a b"}, "invalid", "'a b'"),
        ({"name": "-a"}, "invalid", "name"),
        ({"name": "../etc"}, "invalid", "../etc"),
        ({"name": "a\n"}, "invalid", "name"),
        ({"name": "x" * 65536}, "invalid", "63"),
        ({"ssh_public_keys": ["not a key"]}, "invalid", "not a key"),
        ({"ssh_public_keys": ["ssh-rsa AAAA\nssh-rsa BBBB"]}, "invalid", "one public key"),
        ({"labels": {"quartermaster.owner": "me"}}, "invalid", "quartermaster."),
    ],
)
@pytest.mark.parametrize("check_mode", [False, True])
def test_wrong_input_is_refused_before_anything_changes(
    lab: t.Any, *, options: dict[str, t.Any], code: str, words: str, check_mode: bool
) -> None:
    before = lab.list_names()

    answer = lab.make(**{"name": "refused", **options}, check_mode=check_mode)

    assert (answer.code, answer.result["code"]) == (1, code), answer.result
    assert words in answer.result["msg"]
    assert len(answer.result["msg"]) < 600
    assert lab.list_names() == before


def test_what_is_fixed_at_creation_is_said_before_anything_changes(lab: t.Any) -> None:
    lab.make("fixed", labels={"rack": "a1"}, region="fsn1")
    before = lab.inspect("fixed")

    labels = lab.make("fixed", spec="s-2vcpu-1gb", labels={"rack": "b2"})
    region = lab.make("fixed", spec="s-2vcpu-1gb", region="nbg1")
    image = lab.make("fixed", image="another:1")

    assert (labels.result["code"], region.result["code"]) == ("immutable", "immutable")
    assert "'b2'" in labels.result["msg"]
    assert not image.changed
    assert "keeps its image" in json.dumps(image.result["warnings"])
    assert lab.inspect("fixed") == before


@pytest.mark.parametrize("step", STEPS)
def test_a_run_killed_at_any_step_is_finished_by_the_next(lab: t.Any, step: str) -> None:
    name = f"killed-{STEPS.index(step)}"

    assert lab.make(name, step).code == -9
    answer = lab.make(name)
    again = lab.make(name)

    assert (answer.code, answer.server["status"]) == (0, "running"), answer.result
    assert len(answer.server["ssh_host_keys"]) == 3
    assert (again.changed, again.server) == (False, answer.server)
    assert lab.run(name=name, state="absent").changed


def test_an_unfinished_server_takes_what_is_wanted_now(lab: t.Any) -> None:
    lab.make("half", "after:create_container")

    answer = lab.make("half", spec="s-2vcpu-1gb")

    assert (answer.server["spec"], answer.server["status"]) == ("s-2vcpu-1gb", "running")


def test_an_unfinished_server_can_be_removed(lab: t.Any) -> None:
    lab.make("dropped", "after:create_container")

    assert lab.run(name="dropped", state="absent").changed
    assert "dropped" not in lab.list_names()


def test_ten_at_once_get_ten_addresses_though_there_are_hardly_more(lab: t.Any) -> None:
    """With thirteen free addresses nearly all of ten first choices meet somebody."""
    name = f"{lab.network}-crowd"
    pool = IPAMPool(subnet="10.223.255.0/28", gateway="10.223.255.1")
    crowd = lab.client.networks.create(name, ipam=IPAMConfig(pool_configs=[pool]))
    try:
        runs = [
            lab.start(
                name=f"c{n}",
                spec="s-1vcpu-512mb",
                image=lab.image,
                docker_network=name,
                timeout=150,
            )
            for n in range(10)
        ]
        answers = [lab.finish(run) for run in runs]

        assert [answer.code for answer in answers] == [0] * 10, answers
        addresses = collections.Counter(answer.server["internal_ip"] for answer in answers)
        assert len(addresses) == 10
        for n in range(10):
            networks = lab.client.containers.get(f"{name}.c{n}").attrs["NetworkSettings"][
                "Networks"
            ]
            assert networks[name]["IPAddress"] == answers[n].server["internal_ip"]
    finally:
        for n in range(10):
            lab.run(name=f"c{n}", docker_network=name, state="absent")
        crowd.remove()


def test_five_who_ask_for_one_server_at_once_get_one(lab: t.Any) -> None:
    wanted = {"name": "shared", "spec": "s-1vcpu-512mb", "image": lab.image}
    answers = [lab.finish(run) for run in [lab.start(**wanted) for _ in range(5)]]

    assert [answer.code for answer in answers] == [0] * 5, answers
    assert len({answer.server["provider_id"] for answer in answers}) == 1
    assert lab.list_names().count("shared") == 1
