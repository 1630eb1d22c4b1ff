# SPDX-License-Identifier: Apache-2.0
"""The content of a playbook is what Ansible may read for it, wherever the folder is."""

import shutil
from pathlib import Path

import pytest

from inventory_service.runs.runner.contents import digest_content

COLLECTION = "collections/ansible_collections/acme/shop"
FILES = (
    "ansible.cfg",
    "playbooks/site.yml",
    "playbooks/group_vars/all.yml",
    "roles/web/tasks/main.yml",
    "roles/web/templates/page.j2",
    "filter_plugins/words.py",
    f"{COLLECTION}/MANIFEST.json",
    f"{COLLECTION}/roles/app/tasks/main.yml",
    f"{COLLECTION}/plugins/modules/deploy.py",
)
OTHERS = (
    "README.md",
    ".git/HEAD",
    "roles/.cache/x",
    "filter_plugins/__pycache__/words.pyc",
    f"{COLLECTION}/tests/x.py",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with playbooks, roles and a collection."""
    folder = tmp_path / "checkout"
    for name in (*FILES, *OTHERS):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name, "utf-8")
    return folder


def test_the_same_files_elsewhere_are_the_same_content(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "another" / "place"
    shutil.copytree(folder, other)
    assert digest_content(folder, []) == digest_content(other, [])


@pytest.mark.parametrize("name", FILES)
def test_each_file_that_ansible_reads_counts(folder: Path, name: str) -> None:
    before = digest_content(folder, [])
    path = folder / name
    path.write_text("other", "utf-8")
    changed = digest_content(folder, [])
    path.unlink()
    assert len({before, changed, digest_content(folder, [])}) == 3


def test_a_file_that_has_another_name_is_another_content(folder: Path) -> None:
    before = digest_content(folder, [])
    (folder / "playbooks/site.yml").rename(folder / "playbooks/other.yml")
    assert digest_content(folder, []) != before


@pytest.mark.parametrize("name", OTHERS)
def test_what_ansible_does_not_read_does_not_count(folder: Path, name: str) -> None:
    before = digest_content(folder, [])
    (folder / name).write_text("other", "utf-8")
    assert digest_content(folder, []) == before


def test_variables_of_other_inventories_count(folder: Path, tmp_path: Path) -> None:
    variables = tmp_path / "prod"
    (variables / "group_vars").mkdir(parents=True)
    (variables / "hosts.yml").touch()
    without = digest_content(folder, [])
    assert digest_content(folder, [variables]) == without
    (variables / "group_vars" / "all.yml").write_text("a: 1", "utf-8")
    assert digest_content(folder, [variables]) != without


def test_what_links_lead_to_counts_and_a_circle_of_them_ends(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "main.yml").write_text("a", "utf-8")
    (folder / "roles/linked").symlink_to(outside)
    (folder / "roles/circle").symlink_to(folder / "roles")
    (folder / "roles/nowhere").symlink_to(tmp_path / "absent")
    before = digest_content(folder, [])
    (outside / "main.yml").write_text("b", "utf-8")
    assert digest_content(folder, []) != before
