# SPDX-License-Identifier: Apache-2.0
"""Command lines are read as people write them, and what is not understood is named."""

import pytest

from inventory_service.chat.domain.command_lines import COMMANDS, Intent, parse_command_line
from inventory_service.core.errors import BadInput


@pytest.mark.parametrize(
    ("line", "intent"),
    [
        ("", Intent("help")),
        ("  STATUS ", Intent("status")),
        ("help run", Intent("help", text="run")),
        ("nodes web type=db", Intent("nodes", text="web", options={"type": "db"})),
        (
            "run site check limit='web-*, !web-3' text=a=b diff",
            Intent(
                "run",
                ("site",),
                options={"limit": "web-*, !web-3"},
                flags=frozenset({"check", "diff"}),
                answers={"text": "a=b"},
            ),
        ),
        # What keyboards make of quotes.
        ("run site reason=“a b”", Intent("run", ("site",), options={"reason": "a b"})),
        ("plan site x=", Intent("plan", ("site",), answers={"x": ""})),
        ("approve 12 looks good", Intent("approve", ("12",), "looks good")),
        ("approve 12 digest=ab", Intent("approve", ("12",), options={"digest": "ab"})),
        ("reject 12 'set a=b'", Intent("reject", ("12",), "set a=b")),
        # A command without options has words only.
        ("cancel 12 x=y", Intent("cancel", ("12",), "x=y")),
        ("cancel 12", Intent("cancel", ("12",))),
    ],
)
def test_a_line_says_what_is_asked_for(line: str, intent: Intent) -> None:
    assert parse_command_line(line) == intent


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("statis", "'statis' is no command. Did you mean 'status'?"),
        ("; rm -rf /", "';' is no command. Send `help`"),
        ("run", "TEMPLATE is missing. Usage: run TEMPLATE [limit=…]"),
        ("why", "RUN is missing"),
        ("reject 12", "COMMENT is missing"),
        ("run site checc", "'checc' is no word of 'run'. Did you mean 'check'?"),
        ("run site --check", "'--check' is no word of 'run'. Did you mean 'check'?"),
        ("run site —check", "Did you mean 'check'?"),
        ("run site --limit=web", "Did you mean 'limit=…'?"),
        ("run site check check", "'check' is given twice"),
        ("run site limit=a limit=b", "'limit=' is given twice"),
        ("run site x=1 x=2", "'x=' is given twice"),
        ("plan site check", "'check' is no word of 'plan'"),
        ("nodes statte=active", "'statte=' is no option of 'nodes'. Did you mean 'state='?"),
        ("status all", "'all' is no word of 'status'"),
        ("run site reason='open", "A quote is opened and not closed"),
        ("run site\nrun other", "U+000A"),
        ("run site reason=a\u202eb", "U+202E"),
        ("run " + "x" * 4000, "has 4004 characters"),
    ],
)
def test_what_is_not_understood_is_named(line: str, reason: str) -> None:
    with pytest.raises(BadInput) as refusal:
        parse_command_line(line)
    assert reason in refusal.value.detail


def test_each_command_says_how_it_is_written() -> None:
    assert {one.usage.split()[0] for one in COMMANDS.values()} == set(COMMANDS)
    assert COMMANDS["reject"].usage == "reject RUN COMMENT [digest=…]"
