# SPDX-License-Identifier: Apache-2.0
"""A request is good for five minutes, whichever way clocks are wrong."""

from datetime import UTC, datetime, timedelta

import pytest

from inventory_service.chat.domain.requests import Sender, check_age
from inventory_service.core.errors import Unauthorized

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(("seconds", "is_good"), [(300, True), (301, False)])
def test_an_old_request_is_none(seconds: int, *, is_good: bool) -> None:
    for age in (timedelta(seconds=seconds), -timedelta(seconds=seconds)):
        if is_good:
            check_age(NOW - age, NOW)
        else:
            with pytest.raises(Unauthorized, match="clock"):
                check_age(NOW - age, NOW)


def test_the_team_of_the_message_counts_where_the_platform_names_none() -> None:
    assert Sender("mattermost", "", "u", "c").in_team("t").label == "mattermost/t/u"
    assert Sender("slack", "a", "u", "c").in_team("t").label == "slack/a/u"
