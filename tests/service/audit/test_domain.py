# SPDX-License-Identifier: Apache-2.0
"""Whoever is refused often has a bounded number of records, and each of them says how often."""

from datetime import date, timedelta

from inventory_service.audit.domain import MOST_A_DAY, RefusalBudget

TODAY = date(2026, 11, 26)
KIND = "403 GET /api/v1/tokens"


def test_each_of_the_first_of_a_day_has_a_record() -> None:
    budget = RefusalBudget()
    kinds = (f"{number % 7}" for number in range(MOST_A_DAY))
    assert {budget.count("grafana", kind, TODAY) for kind in kinds} == {0}
    assert budget.count("grafana", "0", TODAY) is None
    assert budget.count("other", "0", TODAY) == 0
    assert budget.count("grafana", "0", TODAY + timedelta(days=1)) == 0


def test_further_ones_have_a_record_when_their_number_has_doubled() -> None:
    budget = RefusalBudget()
    found = [budget.count("grafana", KIND, TODAY) for _ in range(720_000)]
    assert found[:MOST_A_DAY] == [0] * MOST_A_DAY
    more = [times for times in found[MOST_A_DAY:] if times is not None]
    assert more == [1024 << number for number in range(10)]


def test_a_new_kind_has_a_record_also_after_many_of_others() -> None:
    budget = RefusalBudget()
    for _ in range(MOST_A_DAY):
        budget.count("grafana", KIND, TODAY)
    found = [budget.count("grafana", "other", TODAY) for _ in range(8)]
    assert found == [1, 2, None, 4, None, None, None, 8]
