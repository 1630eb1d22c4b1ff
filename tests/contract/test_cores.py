# SPDX-License-Identifier: Apache-2.0
"""The contract tests run on the oldest core that the collection promises, and on a newer one."""

import re
from pathlib import Path

import yaml

from tests.contract.ansible_runs import CORES, ROOT, Ansible, get_core


def read_version(core: str, folder: Path) -> tuple[int, ...]:
    said = Ansible(get_core(core), folder).run("ansible", "--version").stdout
    found = re.match(r"ansible \[core (\d+)\.(\d+)\.", said)
    assert found, said
    return tuple(map(int, found.groups()))


def test_the_oldest_core_is_the_one_that_we_promise_and_not_the_newest(tmp_path: Path) -> None:
    newest, oldest = (read_version(core, tmp_path) for core in CORES)
    promised = yaml.safe_load((ROOT / "meta/runtime.yml").read_text("utf-8"))["requires_ansible"]
    assert promised == f">={oldest[0]}.{oldest[1]}.0"
    assert newest > oldest
