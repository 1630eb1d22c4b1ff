# SPDX-License-Identifier: Apache-2.0
"""Commands that only read show what there is, and not more than fits."""

from __future__ import annotations

import pytest

from tests.service.chat.chats import Chat
from tests.service.chat.pressed import is_ephemeral
from tests.service.conftest import Caller

#: What differs between databases is tried by the tests of use cases and queries.
pytestmark = [
    pytest.mark.usefixtures("people"),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]


@pytest.mark.usefixtures("shop")
def test_the_fleet_is_shown(chat: Chat) -> None:
    chat.command("run shop limit=web-1")
    for text, *words in (
        ("status", "2 active", "1 queued"),
        ("nodes", "web-1", "web-2"),
        ("nodes web-2 state=active type=web", "web-2"),
        ("nodes state=planned", "No node fits"),
        ("runs state=queued template=shop", "shop: queued, by olga"),
        ("runs template=guarded", "No run fits"),
        ("whoami", "olga", "operator in all projects"),
        ("help run", "TEMPLATE", "[ANSWER=…]"),
        ("why 1", "waits for a worker"),
    ):
        answer = chat.command(text)
        assert is_ephemeral(answer)
        shown = answer.text.replace("\\", "")
        assert [word for word in words if word not in shown] == [], (text, shown)
    assert "web-1" not in chat.command("nodes web-2").text


def test_long_lists_are_cut(chat: Chat, operator: Caller, cluster: str) -> None:
    nodes = [
        {"node_id": f"web-{number:03}", "node_type": "web", "cluster_id": cluster}
        for number in range(40)
    ]
    for node in nodes:
        operator.post("/api/v1/nodes", node)
    shown = chat.command("nodes").text
    assert shown.count("planned") == 20
    assert "and more" in shown
