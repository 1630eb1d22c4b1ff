# SPDX-License-Identifier: Apache-2.0
"""The built collection holds what is allowed, and all that a user needs."""

import subprocess
import sys
import tarfile
from pathlib import Path, PurePosixPath

import pytest
import yaml

ROOT = Path(__file__).parents[2]
ALLOWED = (ROOT / "tests/architecture/artifact.txt").read_text(encoding="utf-8").split()


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> list[PurePosixPath]:
    """Build the collection and return the names of the files in it."""
    folder = tmp_path_factory.mktemp("artifact")
    tool = Path(sys.executable).with_name("ansible-galaxy")
    subprocess.run(
        [tool, "collection", "build", "--output-path", folder],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=120,
    )
    (artifact,) = folder.glob("quartermaster-fleet-*.tar.gz")
    with tarfile.open(artifact) as tar:
        members = tar.getmembers()
    assert not [member.name for member in members if member.issym() or member.islnk()]
    return [PurePosixPath(member.name) for member in members if member.isfile()]


def test_only_what_is_allowed_ships(names: list[PurePosixPath]) -> None:
    assert {name.parts[0] for name in names} == set(ALLOWED)


@pytest.mark.parametrize(
    "pattern", ["*.pyc", ".env", "*.sqlite*", "*.ini", "*.key", "*.pem", "*.retry", "*.log"]
)
def test_nothing_private_or_made_by_tools_ships(names: list[PurePosixPath], pattern: str) -> None:
    assert not [name for name in names if name.match(pattern)]


def test_each_plugin_and_playbook_ships(names: list[PurePosixPath], tracked: list[Path]) -> None:
    folders = ("plugins", "playbooks", "roles", "meta", "LICENSES")
    kept = {path.as_posix() for path in tracked if path.parts[0] in folders}
    assert kept <= {name.as_posix() for name in names}


def test_the_versions_agree() -> None:
    galaxy = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))
    assert f'version = "{galaxy["version"]}"' in (ROOT / "pyproject.toml").read_text("utf-8")


def test_modules_with_the_same_options_share_their_defaults() -> None:
    """`module_defaults: group/quartermaster.fleet.api` must reach each module with the fragment."""
    groups = yaml.safe_load((ROOT / "meta/runtime.yml").read_text("utf-8"))["action_groups"]
    modules = {
        path.stem: path.read_text("utf-8") for path in (ROOT / "plugins/modules").glob("*.py")
    }
    fragments = {path.stem for path in (ROOT / "plugins/doc_fragments").glob("[a-z]*.py")}
    assert set(groups) == fragments
    for group, members in groups.items():
        fragment = f"quartermaster.fleet.{group}\n"
        assert {name for name, text in modules.items() if fragment in text} == set(members), group


def test_each_module_is_in_an_action_group() -> None:
    groups = yaml.safe_load((ROOT / "meta/runtime.yml").read_text("utf-8"))["action_groups"]
    modules = {path.stem for path in (ROOT / "plugins/modules").glob("*.py")}
    # No other module has their options.
    modules -= {"host_files", "host_info", "host_packages", "wireguard_key"}
    assert modules == {member for members in groups.values() for member in members}
