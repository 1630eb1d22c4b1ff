# SPDX-License-Identifier: Apache-2.0
"""A plan is printed with each difference, and its outcome with what new nodes need next."""

from typing import Any

import pytest

from inventory_service.cli.commands.plan_output import (
    format_change,
    print_nodes_outcome,
    print_nodes_plan,
)

HOST_KEYS = ["ssh-ed25519 AAAA"]


def plan(*added: dict[str, Any], changes: Any = ()) -> dict[str, Any]:
    update = [{"node_id": "db-1", "changes": changes}] if changes else []
    add = [{"node_id": f"web-{n}", "fields": fields} for n, fields in enumerate(added, 1)]
    return {"add": add, "update": update, "unchanged": 3}


def outcome_of(made: dict[str, Any], capsys: pytest.CaptureFixture[str], **done: Any) -> list[str]:
    print_nodes_outcome({"plan": made, "applied": True, **done})
    return capsys.readouterr().out.splitlines()


def test_each_difference_is_printed_with_both_values(capsys: pytest.CaptureFixture[str]) -> None:
    changes = [
        {"field": "region", "before": None, "after": "eu"},
        {"field": "labels.rack", "before": "a1", "after": "a2"},
    ]
    print_nodes_plan(plan({"node_type": "web"}, changes=changes))
    head, added, updated, counts = capsys.readouterr().out.splitlines()
    assert head.split() == ["NODE", "CHANGE", "FIELDS"]
    assert added.split() == ["web-1", "add", "node_type=web"]
    assert updated.split(maxsplit=2) == ["db-1", "update", "region: - → eu, labels.rack: a1 → a2"]
    assert counts == "Plan: 1 to add, 1 to update, 3 unchanged."


def test_an_empty_plan_is_its_counts_alone(capsys: pytest.CaptureFixture[str]) -> None:
    print_nodes_plan(plan())
    assert capsys.readouterr().out == "Plan: 0 to add, 0 to update, 3 unchanged.\n"
    assert outcome_of(plan(), capsys) == ["There is nothing to record."]


def test_a_plan_that_is_not_applied_yet_has_no_next_step_but_that(
    capsys: pytest.CaptureFixture[str],
) -> None:
    (line,) = outcome_of(plan({"provider": "docker"}), capsys, applied=False)
    assert "--apply" in line


def test_new_nodes_with_a_provider_wait_for_their_servers(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = outcome_of(plan({"provider": "docker"}), capsys)
    assert lines[-1].endswith("ansible-playbook quartermaster.fleet.provision")
    assert "qm node set" not in "".join(lines)


@pytest.mark.parametrize(
    ("fields", "steps"),
    [({}, ["--ssh-host-key", "--state"]), ({"ssh_host_keys": HOST_KEYS}, ["--state"])],
)
def test_new_nodes_without_a_provider_are_counted_and_taken_into_service_by_hand(
    capsys: pytest.CaptureFixture[str], fields: dict[str, Any], steps: list[str]
) -> None:
    lines = outcome_of(plan({"provider": "docker"}, fields, fields), capsys)
    assert "ansible-playbook quartermaster.fleet.provision" in lines[1]
    assert "leaves alone: 2." in lines[2]
    assert [line.split()[4] for line in lines[3:]] == steps
    assert all(line.split()[3] == "web-2" for line in lines[3:])


def test_a_difference_cannot_steer_a_terminal() -> None:
    assert format_change({"field": "image", "before": "\x1b", "after": []}) == "image: \\u001b → -"
