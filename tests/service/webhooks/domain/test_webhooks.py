# SPDX-License-Identifier: Apache-2.0
"""A webhook's fields are checked, and what it does not have is refused by name."""

from typing import Any

import pytest
from pydantic import ValidationError

from inventory_service.webhooks.domain.webhooks import SecretRequest, WebhookRegistration

WANTED: dict[str, Any] = {"webhook": "deploy", "template": "site", "kind": "github"}
RULE = {"field": "answers.version", "pointer": "/version"}
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"webhook": "a" * 56}, "webhook"),
    ({"webhook": "../x"}, "webhook"),
    ({"kind": "gitea"}, "kind"),
    ({"secret": "mine"}, "secret"),
    ({"values": [RULE, RULE]}, "must fill answers.version once"),
    ({"values": [RULE | {"field": "check"}]}, "limit, tags or answers"),
    ({"values": [RULE | {"field": "answers.ansible_ssh_args"}]}, "could run code"),
    ({"values": [RULE | {"field": "answers."}]}, "can't be the name"),
    ({"values": [RULE | {"pointer": "version"}]}, "JSON Pointer"),
    ({"values": [RULE | {"code": "x"}]}, "code"),
    ({"values": [RULE] * 51}, "values"),
    ({"conditions": [{"pointer": "/ref", "one_of": []}]}, "one_of"),
    ({"conditions": [{"pointer": "/ref", "one_of": [{}]}]}, "one_of"),
    ({"tags": ["-x"]}, "must be a tag"),
]


def test_a_webhook_takes_what_an_order_takes() -> None:
    fields = {"limit": "web-*", "tags": ["a"], "check": True, "answers": {"x": 1}}
    found = WebhookRegistration(
        **WANTED,
        **fields,
        values=[RULE],
        conditions=[{"pointer": "/ref", "one_of": ["a", 1, None]}],
    )
    assert found.model_dump(include=set(fields)) == fields
    assert (found.values[0].is_required, found.values[0].remove_prefix) == (True, "")


@pytest.mark.parametrize(("fields", "reason"), WRONG)
def test_what_is_wrong_is_named(fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        WebhookRegistration(**(WANTED | fields))


@pytest.mark.parametrize("overlap_s", [-1, 30 * 86_400 + 1])
def test_a_former_secret_is_not_valid_for_ever(overlap_s: int) -> None:
    with pytest.raises(ValidationError):
        SecretRequest(overlap_s=overlap_s)
