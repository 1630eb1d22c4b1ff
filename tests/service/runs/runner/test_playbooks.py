# SPDX-License-Identifier: Apache-2.0
"""Runs start what lies in one folder, and nothing that a link or a name leads to elsewhere."""

from pathlib import Path

import pytest

from inventory_service.runs.runner.playbooks import list_playbooks


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a folder with a playbook of its own and one of a collection."""
    write(tmp_path / "checkout/playbooks/site.yml")
    write(tmp_path / "checkout/collections/ansible_collections/acme/shop/playbooks/deploy.yml")
    return tmp_path / "checkout"


def write(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("[]\n", "utf-8")
    return path


def test_those_of_the_folder_and_of_its_collections_are_listed_by_name(checkout: Path) -> None:
    write(checkout / "playbooks/other.yaml")
    names = ["playbooks/other.yaml", "playbooks/site.yml", "acme.shop.deploy"]
    assert list_playbooks(checkout) == {name: name for name in names}


@pytest.mark.parametrize(
    "stray",
    [
        "playbooks/.hidden.yml",
        "playbooks/README.md",
        "playbooks/tasks/main.yml",
        "site.yml",
        "roles/web/tasks/main.yml",
        "collections/ansible_collections/acme/shop/playbooks/.deploy.yml",
        "collections/ansible_collections/acme/playbooks/deploy.yml",
    ],
)
def test_what_is_hidden_or_elsewhere_is_no_playbook(checkout: Path, stray: str) -> None:
    before = list_playbooks(checkout)
    write(checkout / stray)
    assert list_playbooks(checkout) == before


def test_a_folder_with_the_name_of_a_playbook_is_none(checkout: Path) -> None:
    (checkout / "playbooks/folder.yml").mkdir()
    assert "playbooks/folder.yml" not in list_playbooks(checkout)


def test_a_link_out_of_the_folder_is_left_out(checkout: Path, tmp_path: Path) -> None:
    secret = write(tmp_path / "checkout-secret/playbooks/wipe.yml")
    before = list_playbooks(checkout)
    (checkout / "playbooks/wipe.yml").symlink_to(secret)
    (checkout / "playbooks/up.yml").symlink_to("../../checkout-secret/playbooks/wipe.yml")
    (checkout / "playbooks/broken.yml").symlink_to("nowhere.yml")
    elsewhere = checkout / "collections/ansible_collections/evil/shop/playbooks"
    elsewhere.parent.mkdir(parents=True)
    elsewhere.symlink_to(secret.parent)
    assert list_playbooks(checkout) == before


def test_a_folder_of_playbooks_that_is_a_link_out_has_none(tmp_path: Path) -> None:
    write(tmp_path / "elsewhere/site.yml")
    (tmp_path / "checkout").mkdir()
    (tmp_path / "checkout/playbooks").symlink_to(tmp_path / "elsewhere")
    assert list_playbooks(tmp_path / "checkout") == {}


def test_links_inside_the_folder_are_followed(checkout: Path, tmp_path: Path) -> None:
    (checkout / "playbooks/again.yml").symlink_to("site.yml")
    collections = checkout / "collections/ansible_collections/own/fleet"
    collections.mkdir(parents=True)
    # As `make link` makes them.
    (collections / "playbooks").symlink_to("../../../../playbooks")
    link = tmp_path / "link"
    link.symlink_to(checkout)
    found = list_playbooks(link)
    assert {"playbooks/again.yml", "own.fleet.site"} <= found.keys()


def test_without_a_folder_there_is_no_playbook(tmp_path: Path) -> None:
    assert list_playbooks(None) == {}
    assert list_playbooks(tmp_path / "absent") == {}
