# SPDX-License-Identifier: Apache-2.0
"""Which variables a node may have: names by the table of all channels, values by tables here."""

import json
from pathlib import Path
from typing import Any

import pytest

from inventory_service.core.variables import check_name, check_value, check_variables, is_name

NAMES = json.loads((Path(__file__).parents[2] / "cases/variable_names.json").read_text("utf-8"))


@pytest.mark.parametrize("name", NAMES["allowed"])
def test_a_name_that_is_only_data_is_taken(name: str) -> None:
    check_name(name)
    assert is_name(name)


@pytest.mark.parametrize(
    ("name", "reason"),
    [(name, one["reason"]) for one in NAMES["refused"] for name in one["names"]],
)
def test_a_name_that_could_do_more_is_refused_with_the_reason(name: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as refused:
        check_name(name)
    assert repr(name[:64]) in str(refused.value)
    assert not is_name(name)


@pytest.mark.parametrize(
    "variables",
    [
        {"ansible_connection": "local"},
        {"ansible_ssh_common_args": "-o ProxyCommand=x"},
        {"ansible_python_interpreter": "/tmp/x"},
        {"ansible_host": "-oProxyCommand=x"},
        {"ansible_host": "example.org"},
        {"ansible_port": "22"},
        {"ansible_port": True},
        {"ansible_port": 65536},
        {"ansible_user": "root -o x"},
        {"ansible_become": "yes"},
        {"hostvars": 1},
        {"region": "elsewhere"},
        {"node_id": "other"},
        {"my-var": 1},
        {"1st": 1},
        {"class": 1},
        {"": 1},
        {"a" * 129: 1},
        {"{{x}}": 1},
        {"x": {"{{ y }}": 1}},
        {"x": {"__ansible_vault": "1"}},
        {"x": [{"__ansible_unsafe": "1"}]},
        {"x": "a\x00b"},
        {"x": "\ud800"},
        {"x": [[[[[[[[[[1]]]]]]]]]]},
        {"x": {"y": [float("nan")]}},
        {"x": float("inf")},
        {"x": 2**63},
    ],
)
def test_a_variable_that_could_do_more_than_be_read_is_refused(variables: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        check_variables(variables)


def test_ordinary_variables_pass_unchanged() -> None:
    variables = {
        "motd": "{{ not run }}\nsecond line",
        "ports": [80, 443],
        "nested": {"key one": {"deep": [None, 1.5, True]}},
        "ansible_host": "10.0.0.9",
        "ansible_port": 2222,
        "ansible_user": "deploy",
        "ansible_become": True,
    }
    assert check_variables(dict(variables)) == variables


def test_a_value_is_checked_for_its_name_whoever_may_set_it() -> None:
    check_value("provision_count", 3)
    check_value("ansible_host", "192.0.2.1")
    with pytest.raises(ValueError, match="'ansible_user' can't be '-l root'"):
        check_value("ansible_user", "-l root")
    with pytest.raises(ValueError, match="'provision_note' holds a control character"):
        check_value("provision_note", ["\x1b"])
