# SPDX-License-Identifier: Apache-2.0
"""Words of commands become what use cases take, or are refused by name."""

import pytest

from inventory_service.chat.asked import read_answer, read_model, read_words
from inventory_service.core.errors import BadInput
from inventory_service.runs.domain.orders import RunOrder


@pytest.mark.parametrize(
    ("text", "question", "answer"),
    [
        ("5", {"type": "integer"}, 5),
        ("5", {"type": "string"}, "5"),
        ("true", {"type": "boolean"}, True),
        ('["a"]', {"type": "array"}, ["a"]),
        ("many", {"type": "integer"}, "many"),
        ("5", {}, 5),
    ],
)
def test_an_answer_has_the_type_of_its_question(
    text: str, question: dict[str, str], answer: object
) -> None:
    found = read_answer(text, question)
    assert (found, type(found)) == (answer, type(answer))


def test_what_does_not_fit_is_named() -> None:
    assert read_model(RunOrder, template="site").template == "site"
    with pytest.raises(BadInput, match=r"template: .*reason"):
        read_model(RunOrder, template="--x", reason="a\nb")


def test_lists_have_commas() -> None:
    assert read_words(" a, b,,") == ["a", "b"]
    assert read_words(None) == []
