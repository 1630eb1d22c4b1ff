# SPDX-License-Identifier: GPL-3.0-or-later
"""A second provider is one folder and one registry line; it keeps the contract and has the modules.

The provider `docker` keeps the same contract on a real engine: tests/e2e/hosts.
"""

import json
from collections.abc import Callable
from typing import Any, NoReturn

import pytest
import yaml
from ansible.module_utils import basic
from ansible_collections.quartermaster.fleet.plugins.module_utils._providers import registry
from ansible_collections.quartermaster.fleet.plugins.modules import server, server_info

from tests.contract.providers.cases import CASES, SMALL, World
from tests.contract.providers.simulated import registration as simulated

Run = Callable[..., dict[str, Any]]


class Ended(Exception):
    """A module ended with a result."""


@pytest.fixture(autouse=True)
def registry_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.PROVIDERS, "simulated", simulated.PROVIDER)
    monkeypatch.setattr(simulated.SimulatedProvider, "zones", {})


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return `run(module, **options)`: a module's result, in this process."""

    def end(_module: object, **result: Any) -> NoReturn:
        raise Ended(result)

    def run(module: Any, **options: Any) -> dict[str, Any]:
        arguments = json.dumps({"ANSIBLE_MODULE_ARGS": {"provider": "simulated", **options}})
        monkeypatch.setattr(basic, "_ANSIBLE_ARGS", arguments.encode())
        # ansible-core 2.18 has no profiles.
        monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
        monkeypatch.setattr(basic.AnsibleModule, "exit_json", end)
        monkeypatch.setattr(basic.AnsibleModule, "fail_json", end)
        with pytest.raises(Ended) as ended:
            module.main()
        result: dict[str, Any] = ended.value.args[0]
        return result

    return run


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_the_simulated_provider_keeps_the_contract(case: Callable[[World], None]) -> None:
    provider = simulated.PROVIDER.from_params({"simulated_zone": "zone-1"})
    case(World("simulated", provider, simulated.IMAGE))


def test_its_options_are_those_of_the_modules_and_are_documented() -> None:
    spec = registry.make_argument_spec()
    documented = yaml.safe_load(registry.make_documentation())["options"]
    assert spec["provider"]["choices"] == ["docker", "simulated"]
    assert spec["simulated_zone"] == {"type": "str", "default": "zone-1"}
    assert set(documented) == set(spec)
    assert all(option["description"] for option in documented.values())


def test_the_modules_create_and_read_its_servers(run: Run) -> None:
    wanted = {"name": "web-1", "spec": SMALL, "image": simulated.IMAGE, "simulated_zone": "z"}
    made = run(server, **wanted)
    assert made["changed"]
    assert made["server"]["provider"] == "simulated"
    assert not run(server, **wanted)["changed"]
    assert run(server_info, simulated_zone="z")["servers"] == [made["server"]]
    assert run(server_info, simulated_zone="elsewhere")["servers"] == []
    assert run(server, name="web-1", state="absent", simulated_zone="z")["changed"]
    assert run(server_info, simulated_zone="z")["servers"] == []


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"spec": "s-2vcpu-2gb"}, "running"),
        ({"state": "stopped"}, "stopped"),
        ({"state": "absent"}, None),
    ],
)
def test_check_mode_foretells_a_change_that_happens_once(
    run: Run, options: dict[str, Any], status: str | None
) -> None:
    run(server, name="web-1", spec=SMALL, image=simulated.IMAGE)
    (before,) = run(server_info)["servers"]
    preview = run(server, name="web-1", **options, _ansible_check_mode=True, _ansible_diff=True)
    assert run(server_info)["servers"] == [before]
    changed = run(server, name="web-1", **options, _ansible_diff=True)
    again = run(server, name="web-1", **options, _ansible_diff=True)
    assert (preview["changed"], changed["changed"], again["changed"]) == (True, True, False)
    assert preview["diff"] == changed["diff"]
    assert preview["diff"]["before"]["status"] == "running"
    assert changed["diff"]["after"].get("status") == status
    assert "diff" not in again


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"name": "Web_1"}, "invalid"),
        ({"labels": {"quartermaster.owner": "me"}}, "invalid"),
        ({"image": simulated.IMAGE}, "missing"),
        ({"spec": SMALL, "image": "none:1"}, "no_image"),
    ],
)
def test_a_server_that_cannot_be_made_is_refused_in_check_mode_too(
    run: Run, options: dict[str, Any], code: str
) -> None:
    for check in (True, False):
        failed = run(server, **{"name": "web-1", **options}, _ansible_check_mode=check)
        assert failed["code"] == code
    assert run(server_info)["servers"] == []


def test_a_provider_that_is_not_registered_is_refused_by_name(run: Run) -> None:
    result = run(server_info, provider="cloudy")
    assert "cloudy" in result["msg"]
    assert "docker, simulated" in result["msg"]
