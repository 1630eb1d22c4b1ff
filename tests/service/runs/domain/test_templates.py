# SPDX-License-Identifier: Apache-2.0
"""What a template holds can act as a name, a tag, a playbook or data, and as nothing else."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from inventory_service.core.actors import Scope
from inventory_service.fleet.domain.nodes import NodeState
from inventory_service.runs.domain.locks import LockMode
from inventory_service.runs.domain.templates import (
    RESERVED_NAMES,
    NodeFilters,
    TemplateChange,
    TemplateRegistration,
    check_playbook,
    check_run_variable,
    check_run_variables,
    check_tag,
    check_template_name,
)

CHECKS: dict[str, Callable[[str], str]] = {
    "name": check_template_name,
    "tag": check_tag,
    "playbook": check_playbook,
    "variable": check_run_variable,
}
TAKEN = [
    ("name", ["a", "7", "site", "rotate_wireguard", "a-b", "a" * 63, "starts"]),
    ("tag", ["a", "A.b-c_9", "_x", "9", "a" * 63]),
    (
        "playbook",
        ["quartermaster.fleet.site", "playbooks/a_b/site-2.yml", "_x.yml", "a" * 255, "a.b"],
    ),
    (
        "variable",
        [
            *("retire_count", "retire_nodes", "provision_only", "quartermaster_x", "x" * 128),
            *("ansible_user", "ansible_become", f"retire_{'x' * 121}"),
        ],
    ),
]
REFUSED = [
    (
        "name",
        [
            *("", "-a", "a-", "_a", "a_", "A", "a b", "a/b", "../a", "a\n", "é", "a" * 64),
            *sorted(RESERVED_NAMES),
        ],
    ),
    ("tag", ["", "-t", "--tags", "a,b", "a b", ".a", "a\n", "{{a}}", "é", "a" * 64]),
    (
        "playbook",
        [
            *("", "-i", "--inventory=x", "/etc/passwd", "../site.yml", "a/../../b.yml", "a//b"),
            *(".hidden.yml", "a b.yml", "a\n", "a\x00b", "~/a.yml", "a;b", "@a", "a" * 256, "a.."),
        ],
    ),
    (
        "variable",
        [
            *("", "1a", "a-b", "a b", "A", "é", "a.b", "x" * 129, "class", "hostvars", "spec"),
            *("ansible_connection", "ansible_ssh_common_args", "ansible_python_interpreter"),
            *("_ansible_unsafe", "__ansible_unsafe", "lookup", "groups", "vars"),
            *("provision_é", "retire_a-b", "retire_\n", f"retire_{'x' * 122}", "provision_{{a}}"),
        ],
    ),
]


def list_cases(table: list[tuple[str, list[str]]]) -> list[tuple[str, str]]:
    return [(kind, text) for kind, texts in table for text in texts]


@pytest.mark.parametrize(("kind", "text"), list_cases(TAKEN))
def test_what_can_do_nothing_else_is_taken_as_it_is(kind: str, text: str) -> None:
    assert CHECKS[kind](text) == text


@pytest.mark.parametrize(("kind", "text"), list_cases(REFUSED))
def test_what_could_be_an_option_a_path_or_code_is_refused(kind: str, text: str) -> None:
    with pytest.raises(ValueError, match=r"must|can't be|keeps for itself|could run code"):
        CHECKS[kind](text)


@given(st.text(max_size=12), st.sampled_from(["name", "tag", "playbook"]))
def test_no_text_that_is_taken_begins_like_an_option_or_leaves_its_folder(
    text: str, kind: str
) -> None:
    try:
        CHECKS[kind](text)
    except ValueError:
        return
    assert text[0].isalnum() or text[0] == "_"
    assert text.isascii()
    assert ".." not in text or kind == "tag"
    assert not set(text) & set(" \n,;{}'\"$`\\")


@pytest.mark.parametrize(
    "variables",
    [
        {"a": "{{ lookup('pipe', 'id') }}"},
        {"retire_count": 3, "x": {"y": [1.5, None, True, "\n\t"]}},
        {"ansible_user": "root", "ansible_port": 22, "ansible_host": "192.0.2.1"},
        {"ansible_become": False},
    ],
)
def test_variables_of_a_template_are_kept_as_data(variables: dict[str, Any]) -> None:
    assert check_run_variables(variables) == variables


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ({"ansible_connection": "local"}, "'ansible_connection' could run code"),
        ({"ansible_host": "-oProxyCommand=id"}, "'-oProxyCommand=id' is not an IP address"),
        ({"ansible_user": "-oProxyCommand=id"}, "'ansible_user' can't be"),
        ({"ansible_port": "22 -o x"}, "'ansible_port' can't be"),
        ({"ansible_become": "yes"}, "'ansible_become' can't be"),
        ({"x": {"__ansible_unsafe": "y"}}, "'x' holds the key '__ansible_unsafe'"),
        ({"x": {"{{ y }}": 1}}, "'x' holds the key"),
        ({"retire_reason": "a\x1b[2J"}, "'retire_reason' holds a control character"),
        ({"x": 2**63}, "'x' holds a number"),
        ({"good": 1, "x": float("nan")}, "'x' holds a number"),
    ],
)
def test_variables_that_could_be_more_than_data_are_refused_by_name(
    variables: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        check_run_variables(variables)


def test_a_template_needs_no_more_than_its_name_and_playbook() -> None:
    template = TemplateRegistration(template="site", playbook="quartermaster.fleet.site")
    found = template.model_dump(mode="json")
    assert found["filters"]["state"] == ["active"]
    assert found["host_lock"] == "exclusive"
    seconds = (found["idle_timeout_s"], found["timeout_s"])
    assert (found["forks"], found["verbosity"], found["concurrency"], seconds) == (
        20,
        0,
        0,
        (900, 7200),
    )
    assert found["launch_role"] == "operator"
    assert (found["requires_limit"], found["is_idempotent"]) == (False, False)
    assert TemplateRegistration(**found) == template


@pytest.mark.parametrize(
    ("fields", "at"),
    [
        ({"template": "run all"}, ("template",)),
        ({"playbook": "../../etc/x.yml"}, ("playbook",)),
        ({"playbook": "-vvv"}, ("playbook",)),
        ({"tags": ["-x"]}, ("tags", 0)),
        ({"skip_tags": ["a,b"]}, ("skip_tags", 0)),
        ({"tags": ["a"] * 51}, ("tags",)),
        ({"skip_tags": ["a"] * 51}, ("skip_tags",)),
        ({"forks": 0}, ("forks",)),
        ({"forks": 501}, ("forks",)),
        ({"verbosity": 5}, ("verbosity",)),
        ({"verbosity": -1}, ("verbosity",)),
        ({"timeout_s": 4}, ("timeout_s",)),
        ({"timeout_s": 7 * 86_400 + 1}, ("timeout_s",)),
        ({"idle_timeout_s": 4}, ("idle_timeout_s",)),
        ({"idle_timeout_s": 86_401}, ("idle_timeout_s",)),
        ({"concurrency": -1}, ("concurrency",)),
        ({"concurrency": 101}, ("concurrency",)),
        ({"host_lock": "none"}, ("host_lock",)),
        ({"limit_variable": "ansible_limit"}, ("limit_variable",)),
        ({"variables": {"hostvars": 1}}, ("variables",)),
        ({"launch_role": "root"}, ("launch_role",)),
        ({"locks": [{"name": "host:web-1"}]}, ("locks", 0, "name")),
        ({"locks": [{"name": "db"}] * 21}, ("locks",)),
        ({"locks": [{"name": "db"}, {"name": "db", "mode": "shared"}]}, ("locks",)),
        ({"filters": {"state": []}}, ("filters", "state")),
        ({"filters": {"state": ["gone"]}}, ("filters", "state", 0)),
        ({"filters": {"cluster": ["a b"]}}, ("filters", "cluster", 0)),
        ({"filters": {"owner": ["a"]}}, ("filters", "owner")),
        ({"filters": None}, ("filters",)),
        ({"cmdline": "-e x"}, ("cmdline",)),
    ],
)
def test_a_bad_field_of_a_template_is_refused_by_its_place(
    fields: dict[str, Any], at: tuple[str | int, ...]
) -> None:
    with pytest.raises(ValidationError) as refused:
        TemplateRegistration(**{"template": "site", "playbook": "a.b.c"} | fields)
    assert [error["loc"] for error in refused.value.errors()] == [at]


@pytest.mark.parametrize(
    "fields",
    [
        {"forks": 1, "verbosity": 0, "timeout_s": 5, "idle_timeout_s": 5, "concurrency": 0},
        {
            "forks": 500,
            "verbosity": 4,
            "timeout_s": 7 * 86_400,
            "idle_timeout_s": 86_400,
            "concurrency": 100,
        },
        {"host_lock": None, "limit_variable": "retire_nodes", "launch_role": "viewer"},
        {"locks": [{"name": "db", "mode": "shared"}, {"name": "cache"}]},
        {"tags": ["a"] * 50},
    ],
)
def test_fields_may_have_their_outermost_values(fields: dict[str, Any]) -> None:
    change = TemplateChange(**fields)
    assert change.model_fields_set == fields.keys()


@pytest.mark.parametrize("name", ["project", "environment", "cluster", "region", "node_type"])
def test_a_filter_has_at_most_100_alternatives(name: str) -> None:
    assert NodeFilters(**{name: ["a"] * 100})
    with pytest.raises(ValidationError, match="at most 100 items"):
        NodeFilters(**{name: ["a"] * 101})


def test_a_template_can_have_nodes_of_each_state() -> None:
    assert NodeFilters(state=list(NodeState)).state == list(NodeState)
    with pytest.raises(ValidationError, match=f"at most {len(NodeState)} items"):
        NodeFilters(state=[*NodeState, NodeState.ACTIVE])


def test_a_change_can_give_a_template_no_other_name_or_playbook() -> None:
    assert TemplateRegistration.model_fields.keys() - TemplateChange.model_fields.keys() == {
        "template",
        "playbook",
    }


def test_defaults_are_each_templates_own() -> None:
    first, second = TemplateChange(), TemplateChange()
    first.variables["x"] = 1
    first.filters.state.append(NodeState.PLANNED)
    assert (second.variables, second.filters) == ({}, NodeFilters())
    assert second.filters.state == [NodeState.ACTIVE]
    assert (second.launch_role, second.host_lock) == (Scope.OPERATOR, LockMode.EXCLUSIVE)
    assert json.loads(second.model_dump_json())["variables"] == {}
