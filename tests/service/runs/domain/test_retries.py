# SPDX-License-Identifier: Apache-2.0
"""What failed is tried again as often as its template has it, and what was lost only once."""

import pytest

from inventory_service.runs.domain.retries import (
    MOST_RETRIES,
    Attempt,
    RetryHosts,
    choose_hosts,
    may_retry,
)
from inventory_service.runs.domain.states import ENDED, RunState

#: How many attempts were before, how many retries there are, whether another one follows a failure.
COUNTS = [(0, 0, False), (0, 1, True), (1, 1, False), (1, 2, True), (2, 2, False), (9, 10, True)]


@pytest.mark.parametrize(("before", "retries", "is_retried"), COUNTS)
@pytest.mark.parametrize("state", sorted(ENDED - {RunState.LOST}))
def test_a_failure_is_retried_until_the_attempts_are_used_up(
    state: RunState, before: int, retries: int, *, is_retried: bool
) -> None:
    attempt = Attempt(state, before, retries, is_idempotent=True, follows_loss=False)
    is_bad = state in {RunState.FAILED, RunState.UNREACHABLE}
    assert may_retry(attempt) == (is_retried and is_bad)


@pytest.mark.parametrize("is_idempotent", [True, False])
@pytest.mark.parametrize("follows_loss", [True, False])
def test_a_loss_is_repeated_once_where_that_is_safe(
    *, is_idempotent: bool, follows_loss: bool
) -> None:
    attempt = Attempt(RunState.LOST, 0, MOST_RETRIES, is_idempotent, follows_loss)
    assert may_retry(attempt) == (is_idempotent and not follows_loss)


@pytest.mark.parametrize(
    ("failed", "wanted", "chosen"),
    [
        ({"b"}, RetryHosts.FAILED, ["b"]),
        ({"c", "a"}, RetryHosts.FAILED, ["a", "c"]),
        ({"b"}, RetryHosts.ALL, ["a", "b", "c"]),
        (set(), RetryHosts.FAILED, ["a", "b", "c"]),
        ({"localhost"}, RetryHosts.FAILED, ["a", "b", "c"]),
    ],
)
def test_a_retry_has_the_hosts_that_failed_or_all(
    failed: set[str], wanted: RetryHosts, chosen: list[str]
) -> None:
    assert choose_hosts(["a", "b", "c"], failed, wanted) == chosen
