# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file is an inventory for Ansible where it is in a folder that Ansible is given."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible import context
from ansible.module_utils.common.collections import ImmutableDict
from ansible_collections.quartermaster.fleet.plugins.plugin_utils._inventory.sources import (
    find_folder_that_reads,
)

SOURCE = "inventory/staging/fleet.quartermaster.yml"


@pytest.mark.parametrize(
    ("file", "given", "is_read"),
    [
        ("inventory/staging/terraform.json", ["inventory/staging"], True),
        ("inventory/staging/terraform.tfstate", ["inventory/staging"], True),
        ("inventory/staging/deep/er/terraform.json", ["inventory/staging"], True),
        ("inventory/staging/../staging/terraform.json", ["inventory/staging"], True),
        ("inventory/staging/terraform.json", ["inventory/prod", "inventory"], True),
        ("inventory/staging/terraform.json", None, True),
        ("inventory/staging/terraform.json", [SOURCE], False),
        ("inventory/staging/terraform.json", ["a,b,"], False),
        ("inventory/staging/.terraform.json", ["inventory/staging"], False),
        ("inventory/staging/.terraform/staging.json", ["inventory/staging"], False),
        ("inventory/staging/group_vars/terraform.json", ["inventory/staging"], False),
        ("inventory/staging/terraform.txt", ["inventory/staging"], False),
        ("inventory/staging-2/terraform.json", ["inventory/staging"], False),
        ("terraform/staging.json", ["inventory/staging"], False),
        ("terraform/staging.json", None, False),
    ],
)
def test_a_file_is_read_where_its_folder_is_given_and_its_name_is_not_ignored(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    file: str,
    given: list[str] | None,
    *,
    is_read: bool,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "inventory" / "staging").mkdir(parents=True)
    (tmp_path / SOURCE).touch()
    monkeypatch.setattr(context, "CLIARGS", ImmutableDict({"inventory": given} if given else {}))
    found = find_folder_that_reads(file, str(tmp_path / SOURCE))
    assert (found is not None) is is_read
