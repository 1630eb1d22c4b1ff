# SPDX-License-Identifier: Apache-2.0
"""Messages fit every platform, survive the database, and are told apart."""

from dataclasses import replace

import pytest

from inventory_service.chat.domain.messages import Act, Button, Message, Style, cut

MESSAGE = Message(
    "Run 1",
    "text",
    (("State", "running"),),
    (Button(Act.APPROVE, 1, "d" * 64, "Sure?"),),
    "https://qm.example",
    is_public=True,
)


def test_a_message_survives_json() -> None:
    assert Message.from_dict(MESSAGE.as_dict()) == MESSAGE


@pytest.mark.parametrize(
    "other",
    [
        replace(MESSAGE, title="Run 2"),
        replace(MESSAGE, text=""),
        replace(MESSAGE, fields=(("State", "failed"),)),
        replace(MESSAGE, buttons=()),
        replace(MESSAGE, buttons=(Button(Act.APPROVE, 1, "e" * 64, "Sure?"),)),
    ],
)
def test_what_looks_otherwise_has_another_fingerprint(other: Message) -> None:
    assert other.fingerprint != MESSAGE.fingerprint == replace(MESSAGE).fingerprint


def test_nothing_is_longer_than_a_platform_takes() -> None:
    long = Message("t" * 500, "x" * 9000, tuple((str(n), "v" * 5000) for n in range(40))).cut()
    assert (len(long.title), len(long.text), len(long.fields)) == (150, 2800, 12)
    assert {len(value) for _, value in long.fields} == {400}
    assert long.text.endswith("…")
    assert cut("abc", 3) == "abc"
    assert cut("abcd", 3) == "ab…"


def test_a_long_refusal_is_readable() -> None:
    assert Message("no").as_refusal() == Message("no")
    long = Message("n" * 400).as_refusal()
    assert (long.title, long.text) == ("This was refused", "n" * 400)


def test_buttons_look_like_what_they_do() -> None:
    styles = {act: Button(act, 1).style for act in Act}
    assert styles == {
        Act.APPLY: Style.GOOD,
        Act.APPROVE: Style.GOOD,
        Act.REJECT: Style.BAD,
        Act.CANCEL: Style.PLAIN,
    }
    assert Button(Act.CANCEL, 1).label == "Cancel"
