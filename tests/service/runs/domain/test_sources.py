# SPDX-License-Identifier: Apache-2.0
"""Runs start only playbooks that are on the list at that moment."""

import pytest

from inventory_service.core.errors import BadInput, FieldError
from inventory_service.runs.domain.sources import RunSources


def make_sources(*names: str) -> RunSources:
    return RunSources(lambda: names, lambda _session, _filters: [])


def test_a_playbook_on_the_list_is_taken() -> None:
    make_sources("a.b.site", "playbooks/x.yml").check_playbook("playbooks/x.yml")


@pytest.mark.parametrize(
    "name", ["playbooks/y.yml", "x.yml", "./playbooks/x.yml", "playbooks/../playbooks/x.yml", ""]
)
def test_any_other_is_refused_with_the_command_that_lists_them(name: str) -> None:
    with pytest.raises(BadInput) as refused:
        make_sources("playbooks/x.yml").check_playbook(name)
    assert refused.value.detail == (
        f"There is no playbook '{name}' that runs may start. "
        "`qm template playbooks` lists those that there are."
    )
    assert refused.value.field_errors == (
        FieldError("playbook", "is not on the list of playbooks"),
    )


def test_where_there_are_none_the_setting_is_named() -> None:
    with pytest.raises(BadInput, match="Set QM_PLAYBOOKS_DIR to a folder with playbooks"):
        make_sources().check_playbook("x.yml")


def test_a_long_name_is_cut_in_the_answer() -> None:
    with pytest.raises(BadInput, match=f"no playbook '{'x' * 64}' that"):
        make_sources("a").check_playbook("x" * 65)


def test_the_list_is_read_anew_each_time() -> None:
    found: list[str] = []
    sources = RunSources(lambda: found, lambda _session, _filters: [])
    with pytest.raises(BadInput):
        sources.check_playbook("x.yml")
    found.append("x.yml")
    sources.check_playbook("x.yml")
