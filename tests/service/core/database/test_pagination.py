# SPDX-License-Identifier: Apache-2.0
"""Pages follow each other without a gap, also where values are null, on both databases."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import select

from inventory_service.core.database.engine import Database
from inventory_service.core.database.pagination import read_page
from inventory_service.core.pagination import Page, SortKey
from inventory_service.identity.domain.accounts import AccountRegistration
from inventory_service.identity.models.tokens import Token
from inventory_service.identity.usecases.accounts import register_account
from tests.service.conftest import ACTOR

START = datetime(2026, 11, 22, tzinfo=UTC)
#: Token ids with the days until they expire; null is the largest.
DAYS: dict[str, int | None] = {"a": None, "b": 2, "c": 1, "d": None, "e": 2}


@pytest.fixture
def tokens(database: Database) -> Database:
    with database.writing() as session:
        register_account(session, ACTOR, AccountRegistration(account="ann"))
        for token_id, days in DAYS.items():
            session.add(
                Token(
                    token_id=token_id,
                    name=token_id,
                    account="ann",
                    scope="viewer",
                    digest="",
                    created_at=START + timedelta(days=token_id > "c"),
                    created_by="tester",
                    expires_at=None if days is None else START + timedelta(days=days),
                )
            )
    return database


def read_all(database: Database, order: tuple[SortKey, ...], limit: int) -> list[list[str]]:
    pages, after = [], None
    for _ in DAYS:
        with database.reading() as session:
            rows = read_page(session, Token, select(Token), Page(order, limit, after))
            assert len(rows) <= limit + 1
            pages.append([row.token_id for row in rows[:limit]])
            if len(rows) <= limit:
                return pages
            after = tuple(getattr(rows[limit - 1], key.column) for key in order)
    pytest.fail(f"the pages do not end: {pages}")


@pytest.mark.parametrize("limit", [1, 2, 5])
@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("expires_at,token_id", "cbead"),
        ("-expires_at,token_id", "adbec"),
        ("expires_at,-token_id", "cebda"),
        ("-token_id", "edcba"),
        ("created_at,token_id", "abcde"),
        ("-created_at,token_id", "deabc"),
        ("created_at,-token_id", "cbaed"),
    ],
)
def test_the_pages_together_are_the_list_in_order(
    tokens: Database, text: str, ids: str, limit: int
) -> None:
    order = tuple(SortKey(word.lstrip("-"), word.startswith("-")) for word in text.split(","))
    pages = read_all(tokens, order, limit)
    assert "".join("".join(page) for page in pages) == ids
    assert all(len(page) == limit for page, _ in pairwise(pages))
