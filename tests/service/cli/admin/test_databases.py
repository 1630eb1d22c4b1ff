# SPDX-License-Identifier: Apache-2.0
"""`qm database`: what its words do, what it prints, and how it is refused."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from inventory_service.cli import main


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the URL of a fleet of its own."""
    url = f"sqlite:///{tmp_path}/fleet.sqlite"
    monkeypatch.setenv("QM_DATABASE_URL", url)
    assert run("init").exit_code == 0
    return url


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["database", *words] if words[0] != "init" else list(words))


def test_a_backup_is_told_with_its_size(url: str, tmp_path: Path) -> None:
    file = tmp_path / "backup.sqlite"
    made = run("backup", str(file), "--json")
    assert made.exit_code == 0, url
    assert json.loads(made.stdout) == {"file": str(file), "size_bytes": file.stat().st_size}


def test_a_backup_over_a_file_is_a_conflict(url: str, tmp_path: Path) -> None:
    run("backup", str(tmp_path / "backup.sqlite"))
    again = run("backup", str(tmp_path / "backup.sqlite"))
    assert again.exit_code == 5, url
    assert "Name a new file" in again.stderr


def test_a_copy_tells_its_progress_apart_from_its_result(url: str, tmp_path: Path) -> None:
    done = run("copy", "--to", f"sqlite:///{tmp_path}/other.sqlite", "--json")
    assert done.exit_code == 0, url
    assert json.loads(done.stdout)["tokens"] == 1
    assert "tokens: 1 of 1" in done.stderr


def test_a_copy_onto_itself_is_a_conflict(url: str) -> None:
    done = run("copy", "--to", url)
    assert done.exit_code == 5
    assert "new and empty" in done.stderr


def test_a_target_that_does_not_answer_is_told_without_its_secret(url: str) -> None:
    done = run("copy", "--to", "postgresql://qm:hidden@127.0.0.1:1/fleet")
    assert done.exit_code == 1, url
    assert "hidden" not in done.output
