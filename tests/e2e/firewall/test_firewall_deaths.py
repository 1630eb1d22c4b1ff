# SPDX-License-Identifier: GPL-3.0-or-later
"""Kill -9 at each step of what changes rules: never half a table, and the next run ends it."""

from __future__ import annotations

import typing as t

import pytest

pytestmark = pytest.mark.hosts

RUN = "/run/quartermaster-firewall"
FILE = "/etc/quartermaster/firewall.nft"
SYSTEM = "/etc/systemd/system"
UNIT = f"{SYSTEM}/quartermaster-firewall.service"
TRIAL = [
    "before:make_folder",
    f"after:replace {RUN}/snapshot.nft",
    f"after:write_new {RUN}/pending.json",
    "before:arm",
    "before:run systemd-run",
    "after:run systemd-run",
    "before:apply",
    "after:apply",
]
CONFIRMATION = [
    f"after:write_new {FILE}",
    "after:save",
    f"after:replace {UNIT}",
    f"after:replace {SYSTEM}/nftables.service.d",
    "before:run systemctl enable",
    f"after:remove {RUN}/pending.json",
    "after:settle",
]
REMOVAL = [
    "before:run systemctl disable",
    f"after:remove {UNIT}",
    "before:apply",
    "after:apply",
    f"after:remove {FILE}",
]
RULES = [
    {"comment": "ssh", "tcp": ["22"]},
    {"comment": "db from app", "sources": ["@app"], "tcp": ["5432"]},
]
MORE = [*RULES, {"comment": "http", "tcp": ["80"]}]


def policy(rules: t.Any, *app: str) -> dict[str, t.Any]:
    """Return the options of rules; `app` are the members of the zone that they name."""
    return {"rules": rules, "mesh_prefix": "10.90.0.0/24", "zones": {"app": list(app)}}


def other(host: t.Any) -> dict[str, t.Any]:
    """Return the policy that does not run, of two."""
    return policy(RULES if "http" in host.table() else MORE, "10.90.0.2")


def assert_settled(host: t.Any) -> None:
    """What runs is what a boot loads, and nothing waits or is left over."""
    running = host.table()
    host.sh("systemctl restart quartermaster-firewall")
    assert "policy drop" in running
    assert host.table() == running
    assert not host.is_pending()
    assert host.sh(f"ls -A {RUN}").split() == ["snapshot.nft"]
    assert host.sh("ls -A /etc/quartermaster").split() == ["firewall.nft"]


@pytest.fixture(scope="module")
def kept(host: t.Any) -> t.Any:
    """Return the host with a firewall of two rules."""
    code, output = host.run()
    assert code == 0, output
    assert "failed" not in host.keep(**policy(RULES, "10.90.0.2"))
    return host


@pytest.mark.parametrize("step", TRIAL)
def test_a_trial_killed_at_any_step_leaves_the_old_rules_or_a_timer(kept: t.Any, step: str) -> None:
    before, wanted = kept.table(), other(kept)

    kept.ask(die=step, **wanted)
    killed, timer = kept.table(), kept.sh("systemctl list-timers --all")
    finished, again = kept.keep(**wanted), kept.keep(**wanted)

    assert (killed == before) == (step != "after:apply")
    assert killed in (before, kept.table())
    assert ("rollback" in timer) == (step in TRIAL[TRIAL.index("after:run systemd-run") :])
    assert finished["changed"], finished
    assert not again["changed"], again
    assert kept.table() != before
    assert_settled(kept)


@pytest.mark.parametrize("step", CONFIRMATION)
def test_a_confirmation_killed_at_any_step_is_finished_by_the_next_run(
    kept: t.Any, step: str
) -> None:
    wanted = other(kept)
    change = kept.ask(**wanted)["firewall"]["change"]
    trial = kept.table()

    kept.ask(die=step, state="confirmed", change=change)
    finished, again = kept.keep(**wanted), kept.keep(**wanted)

    assert "failed" not in finished, finished
    assert not again["changed"], again
    assert kept.table() == trial
    assert_settled(kept)


@pytest.mark.parametrize(
    "step", ["before:apply", "after:apply", f"after:remove {RUN}/pending.json"]
)
def test_a_run_killed_while_it_takes_a_killed_trial_back_is_finished_by_the_next(
    kept: t.Any, step: str
) -> None:
    wanted = other(kept)
    kept.ask(die="after:apply", **wanted)
    trial = kept.table()

    kept.ask(die=step, **wanted)
    finished, again = kept.keep(**wanted), kept.keep(**wanted)

    assert finished["changed"], finished
    assert not again["changed"], again
    assert kept.table() == trial
    assert_settled(kept)


@pytest.mark.parametrize("step", REMOVAL)
def test_a_removal_killed_at_any_step_is_finished_by_the_next(kept: t.Any, step: str) -> None:
    kept.keep(**policy(RULES, "10.90.0.2"))

    kept.ask(die=step, state="absent")
    finished, again = kept.ask(state="absent"), kept.ask(state="absent")

    assert "failed" not in finished, finished
    assert not again["changed"], again
    assert kept.table() == ""
    assert kept.sh(f"find /etc/quartermaster {SYSTEM}/nftables.service.d -type f") == ""
    assert "quartermaster" not in kept.sh("systemctl list-unit-files --all")


@pytest.mark.parametrize("step", ["before:apply", "after:apply", f"after:write_new {FILE}"])
def test_who_is_in_a_zone_is_told_by_the_run_after_a_killed_one(kept: t.Any, step: str) -> None:
    kept.keep(**policy(RULES, "10.90.0.2"))
    zones = {"app": ["10.90.0.3", "10.90.0.4"]}

    kept.ask("firewall_members", die=step, zones=zones)
    finished = kept.ask("firewall_members", zones=zones)
    again = kept.keep(**policy(RULES, *zones["app"]))

    assert finished["changed"], finished
    assert not again["changed"], again
    assert "10.90.0.3, 10.90.0.4" in kept.table()
    assert_settled(kept)


def test_nobody_is_told_of_a_zone_in_the_middle_of_a_trial(kept: t.Any) -> None:
    kept.keep(**policy(RULES, "10.90.0.2"))
    change = kept.ask(**policy(MORE, "10.90.0.2"))["firewall"]["change"]
    trial = kept.table()

    told = kept.ask("firewall_members", zones={"app": ["10.90.0.9"]})
    refused = kept.table()
    kept.ask(state="confirmed", change=change)

    assert told["code"] == "pending"
    assert refused == trial
    assert_settled(kept)
