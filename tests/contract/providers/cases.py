# SPDX-License-Identifier: GPL-3.0-or-later
"""What every provider of servers promises, whoever it is: one case each, on a world of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from ansible_collections.quartermaster.fleet.plugins.module_utils._module import Failure
from ansible_collections.quartermaster.fleet.plugins.module_utils._providers.provider import (
    Provider,
    Wanted,
)

OWNER = "contract"
SMALL, LARGE = "s-1vcpu-512mb", "s-2vcpu-1gb"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB7vkcWbYbLVmYq4zS4yT1tJ7n0m3l0v7bQpZcWm9x1a contract"


@dataclass(frozen=True)
class World:
    """A provider that can create servers from an image."""

    name: str
    provider: Provider
    image: str

    def want(self, name: str, **changed: Any) -> Wanted:
        wanted = {"spec": SMALL, "image": self.image, "labels": {"rack": "a1"}} | changed
        return Wanted(name=name, owner=OWNER, ssh_public_keys=(KEY,), **wanted)


def refused(act: Callable[..., object], *arguments: object) -> str:
    """Return the code of the failure; its message must name what was refused."""
    with pytest.raises(Failure) as failure:
        act(*arguments)
    assert len(str(failure.value)) > len("refused")
    return failure.value.code


def check_a_server_that_is_missing(world: World) -> None:
    provider = world.provider
    assert provider.find_server("nobody", OWNER) is None
    assert "nobody" not in [server.name for server in provider.list_servers(OWNER)]


def check_bad_wishes_are_refused_before_anything_is_created(world: World) -> None:
    provider = world.provider
    for code, changed in (
        ("unknown_spec", {"spec": "enormous"}),
        ("missing", {"spec": None}),
        ("missing", {"image": None}),
        ("no_image", {"image": "contract-nowhere:1"}),
    ):
        assert refused(provider.check, world.want("bad", **changed), None) == code
    assert provider.find_server("bad", OWNER) is None


def check_a_preview_is_what_is_created(world: World) -> None:
    provider, wanted = world.provider, world.want("previewed")
    assert provider.check(wanted, None) == []
    shown = provider.preview(wanted)
    assert provider.find_server("previewed", OWNER) is None
    made = provider.create(wanted)
    for field in ("name", "provider", "spec", "image", "region", "owner", "labels", "status"):
        assert getattr(made, field) == getattr(shown, field), field
    assert shown.internal_ip in {None, made.internal_ip}
    provider.remove(made)


def check_the_life_of_a_server(world: World) -> None:
    provider, wanted = world.provider, world.want("lived")
    made = provider.create(wanted)
    assert (made.provider, made.status, made.owner) == (world.name, "running", OWNER)
    assert made.provider_id
    assert made.ssh_host_keys
    assert provider.find_server("lived", OWNER) == made
    assert made in provider.list_servers(OWNER)
    # Once more is no change.
    assert provider.create(wanted) == made
    assert provider.has_size(made, SMALL)
    assert not provider.has_size(made, LARGE)
    resized = provider.resize(made, LARGE)
    assert provider.has_size(resized, LARGE)
    assert (resized.provider_id, resized.ssh_host_keys) == (made.provider_id, made.ssh_host_keys)
    stopped = provider.stop(resized)
    assert stopped.status == "stopped"
    started = provider.start(stopped)
    assert (started.status, started.ssh_host_keys) == ("running", made.ssh_host_keys)
    # What is fixed at creation is refused later on, and a new image is only warned about.
    assert refused(provider.check, world.want("lived", labels={"rack": "b2"}), started)
    assert provider.check(world.want("lived", image="another:1"), started)
    provider.remove(started)
    assert provider.find_server("lived", OWNER) is None
    provider.remove(started)


def check_servers_of_others_are_left_alone(world: World) -> None:
    provider = world.provider
    made = provider.create(world.want("owned"))
    assert refused(provider.find_server, "owned", "somebody-else") == "not_ours"
    assert provider.list_servers("somebody-else") == []
    assert provider.find_server("owned", OWNER) == made
    provider.remove(made)


CASES = [
    check_a_server_that_is_missing,
    check_bad_wishes_are_refused_before_anything_is_created,
    check_a_preview_is_what_is_created,
    check_the_life_of_a_server,
    check_servers_of_others_are_left_alone,
]
