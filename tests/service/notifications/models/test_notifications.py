# SPDX-License-Identifier: Apache-2.0
"""A notification knows which ends it is about, and shows nothing of what is sealed."""

import pytest

from inventory_service.notifications.models.notifications import Notification


def make(**fields: object) -> Notification:
    usual = {"notification": "ops", "states": ["failed"], "templates": [], "is_paused": False}
    return Notification(**usual | fields)


@pytest.mark.parametrize(
    ("fields", "template", "state", "is_wanted"),
    [
        ({}, "site", "failed", True),
        ({}, "site", "successful", False),
        ({"templates": ["site"]}, "site", "failed", True),
        ({"templates": ["site"]}, "ping", "failed", False),
        ({"is_paused": True}, "site", "failed", False),
    ],
)
def test_it_is_about_some_ends(
    fields: dict[str, object], template: str, state: str, *, is_wanted: bool
) -> None:
    assert make(**fields).wants(template, state) == is_wanted


def test_what_is_sealed_is_not_shown() -> None:
    notification = make()
    notification.keep("sentinel")
    notification.watch(7)
    assert (notification.sealed, notification.seen_revision) == ("sentinel", 7)
    assert not {"sealed", "seen_revision"} & notification.as_dict().keys()
