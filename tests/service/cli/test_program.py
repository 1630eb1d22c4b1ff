# SPDX-License-Identifier: Apache-2.0
"""`qm` with output that cannot be written, is not read to its end, or has an old encoding."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from click.testing import Result

from inventory_service.core.actors import Scope
from tests.service.cli.conftest import Service

Qm = Callable[..., Result]
Ask = Callable[..., Any]

_QM = [sys.executable, "-c", "from inventory_service.cli import main; main()"]
#: More than a pipe holds, so that whoever writes it meets the end of its reader.
_LONG = "x" * 100_000
LISTS = (("project", "list"), ("export", "nodes"), ("node", "list"), ("node", "graph"))


@pytest.fixture
def environment(service: Service) -> Mapping[str, str]:
    return {**os.environ, "QM_URL": service.url, "QM_TOKEN": service.tokens[Scope.ADMIN]}


@pytest.fixture
def fleet(ask: Ask, mesh: str) -> None:
    """A project and nodes with letters that not each encoding has."""
    ask("project", "add", "shop", "--description", "Läden 東京")
    for number in range(3):
        variable = f"place=Köln 東京 {_LONG}"
        ask("node", "add", f"web-{number}", "--type", "web", "--cluster", mesh, "--var", variable)


@pytest.mark.usefixtures("fleet")
@pytest.mark.parametrize("words", [*LISTS, ("node", "list", "--json")], ids=" ".join)
def test_a_full_disk_is_named_and_is_no_traceback(
    environment: Mapping[str, str], words: tuple[str, ...]
) -> None:
    with open("/dev/full", "wb") as full:  # noqa: PTH123 - a device
        done = subprocess.run(
            [*_QM, *words], stdout=full, stderr=subprocess.PIPE, env=environment, check=False
        )
    error = done.stderr.decode()
    assert (done.returncode, "Traceback" in error) == (1, False)
    assert "the output cannot be written: No space left on device" in error


@pytest.mark.usefixtures("fleet")
@pytest.mark.parametrize(
    "words",
    [("export", "nodes"), ("export", "nodes", "--json"), ("node", "list", "--fields", "vars")],
    ids=" ".join,
)
def test_a_reader_that_has_had_enough_is_no_failure(
    environment: Mapping[str, str], words: tuple[str, ...]
) -> None:
    ours, theirs = os.pipe()
    with subprocess.Popen(
        [*_QM, *words], stdout=theirs, stderr=subprocess.PIPE, env=environment
    ) as process:
        os.close(theirs)
        assert os.read(ours, 1)
        os.close(ours)
        _, error = process.communicate(timeout=60)
    assert (process.returncode, error) == (0, b"")


@pytest.mark.usefixtures("fleet")
@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_an_old_encoding_loses_nothing(environment: Mapping[str, str], encoding: str) -> None:
    def read(*words: str) -> bytes:
        env = {**environment, "PYTHONIOENCODING": encoding}
        return subprocess.run([*_QM, *words], env=env, capture_output=True, check=True).stdout

    # In ASCII click sees a locale that nobody has set, and prints UTF-8.
    listed = read("project", "list").decode("latin-1" if encoding == "latin-1" else "utf-8")
    assert listed.replace(r"\u6771\u4eac", "東京").count("Läden 東京") == 1
    (project,) = json.loads(read("project", "list", "--json"))
    assert project["description"] == "Läden 東京"
    assert read("export", "nodes", "--format", "csv").decode("utf-8").count("Köln 東京") == 3


@pytest.mark.parametrize(
    ("words", "suggested"),
    [
        (["node", "list", "--env", "prod"], ["--environment"]),
        (
            ["node", "add", "web-1", "--wireguard", "x"],
            ["--wireguard-ip", "--wireguard-public-key"],
        ),
        (["node", "list", "--clutser", "main"], ["--cluster"]),
    ],
)
def test_an_option_that_begins_likewise_is_suggested_first(
    qm: Qm, words: list[str], suggested: list[str]
) -> None:
    result = qm(*words)
    assert result.exit_code == 2
    assert all(option in result.stderr for option in suggested)
    assert "--region" not in result.stderr
