# SPDX-License-Identifier: Apache-2.0
"""Names are RFC 1123 labels, and get the right article."""

import re

import pytest

from inventory_service.core.labels import LABEL_PATTERN, with_article


@pytest.mark.parametrize("name", ["a", "0", "web-1", "a--b", "x" * 63])
def test_a_label_matches(name: str) -> None:
    assert re.match(LABEL_PATTERN, name)


@pytest.mark.parametrize("name", ["", "-a", "a-", "A", "a.b", "a_b", "a\n", "é", "x" * 64])
def test_any_other_text_does_not_match(name: str) -> None:
    assert not re.match(LABEL_PATTERN, name)


@pytest.mark.parametrize(
    ("noun", "text"), [("cluster", "a cluster"), ("environment", "an environment")]
)
def test_a_noun_gets_its_article(noun: str, text: str) -> None:
    assert with_article(noun) == text
