# SPDX-License-Identifier: Apache-2.0
"""Answers come as words or from files, and a secret one is in no list of processes."""

import json
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from inventory_service.cli.client.answer_options import answer_file_option, answer_option


@click.command()
@answer_option
@answer_file_option
def show(answers: dict[str, Any]) -> None:
    click.echo(json.dumps(answers))


def run(*words: str, stdin: str = "") -> Result:
    return CliRunner().invoke(show, words, input=stdin)


def test_both_options_add_to_the_answers_in_any_order(tmp_path: Path) -> None:
    path = tmp_path / "pin"
    path.write_text("two\nlines\n", "utf-8")
    from_file = ("--set-file", f"pin={path}")
    for words in ((*from_file, "--set", "count=3"), ("--set", "count=3", *from_file)):
        assert json.loads(run(*words).stdout) == {"count": 3, "pin": "two\nlines"}
    assert json.loads(run("--set-file", "pin=-", stdin="7\n").stdout) == {"pin": "7"}
    assert json.loads(run().stdout) == {}


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--set", "db_password=x"), "use --set-file db_password=FILE"),
        (("--set-file", "pin=/nowhere/x"), "'/nowhere/x' can't be read"),
        (("--set", "pin=1", "--set-file", "pin=/dev/null"), "'pin' is given twice"),
        (("--set-file", "pin=/dev/null", "--set-file", "pin=/dev/null"), "'pin' is given twice"),
        (("--set-file", "pin"), "is not of the form key=value"),
        (("--set", "x"), "is not of the form key=value"),
    ],
)
def test_a_wrong_option_is_refused_with_its_reason(words: tuple[str, ...], reason: str) -> None:
    result = run(*words)
    assert result.exit_code == 2
    assert reason in " ".join(result.stderr.split())
