# SPDX-License-Identifier: Apache-2.0
"""Calls to platforms show nothing of what they hold."""

from inventory_service.chat.domain.platforms import Call, Platforms


def test_a_call_is_not_shown() -> None:
    call = Call("https://x/sentinel", {"a": "sentinel"}, {"Authorization": "sentinel"})
    assert "sentinel" not in repr(call)


def test_what_is_not_set_up_is_not_found() -> None:
    assert Platforms({}).find("slack") is None
