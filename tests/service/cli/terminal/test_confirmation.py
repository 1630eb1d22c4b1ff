# SPDX-License-Identifier: Apache-2.0
"""What cannot be undone is asked on a terminal, and needs --yes where nobody answers."""

import os
import pty
import subprocess
import sys

import pytest

from inventory_service.cli.terminal.confirmation import confirm

_ASK = """
from inventory_service.cli.client.errors import Failure
from inventory_service.cli.terminal.confirmation import confirm
try:
    confirm("Retire 3 nodes?", yes=False)
    print("done")
except Failure as failure:
    print(failure.message, failure.next_step, failure.exit_code, sep="\\n")
"""


def test_yes_answers_without_a_question(capsys: pytest.CaptureFixture[str]) -> None:
    confirm("Retire 3 nodes?", yes=True)
    assert capsys.readouterr() == ("", "")


def test_where_nobody_can_answer_it_is_refused_with_the_option() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _ASK], stdin=subprocess.DEVNULL, capture_output=True, check=True
    )
    message, next_step, code = done.stdout.decode().splitlines()
    assert message.startswith("Retire 3 nodes? Nobody is there to answer")
    assert "--yes" in next_step
    assert code == "2"


@pytest.mark.parametrize(
    ("answer", "printed"),
    [
        (b"y\n", "done"),
        (b"yes\n", "done"),
        (b"n\n", "Nothing was changed.\n\n1"),
        (b"\n", "Nothing was changed.\n\n1"),
    ],
)
def test_on_a_terminal_only_yes_means_yes(answer: bytes, printed: str) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", _ASK],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        os.close(theirs)
        os.write(ours, answer)
        stdout, stderr = process.communicate(timeout=60)
    os.close(ours)
    assert stdout.decode().strip() == printed
    assert "Retire 3 nodes? [y/N]" in stderr.decode()
