# SPDX-License-Identifier: Apache-2.0
"""The platforms are those that the settings set up."""

from pathlib import Path

from inventory_service.chat.platforms import make_platforms
from inventory_service.settings import Settings
from tests.service.chat.chats import Server, make_settings


def test_nothing_is_set_up_by_itself() -> None:
    assert make_platforms(Settings()).known == {}


def test_what_is_set_up_is_known(tmp_path: Path) -> None:
    found = make_platforms(Settings(**make_settings(tmp_path, Server()))).known
    assert {name: one.has_bot for name, one in found.items()} == {
        "slack": True,
        "mattermost": True,
    }
    without = Settings(**make_settings(tmp_path, Server(), with_bot=False))
    assert [one.has_bot for one in make_platforms(without).known.values()] == [False, False]
