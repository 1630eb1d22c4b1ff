# SPDX-License-Identifier: Apache-2.0
"""The fields of a notification: what is refused, and that what is secret is never shown."""

from typing import Any

import pytest
from pydantic import ValidationError

from inventory_service.notifications.domain.notifications import NotificationRegistration

HOOK: dict[str, Any] = {
    "notification": "ops",
    "kind": "webhook",
    "webhook_url": "https://hook.example/sentinel",
    "secret": "sentinel-sentinel",
}


def test_bad_ends_of_all_templates_are_the_default() -> None:
    wanted = NotificationRegistration(**HOOK)
    assert sorted(wanted.states) == ["failed", "lost", "timed_out", "unreachable"]
    assert wanted.templates == []
    assert "sentinel" not in repr(wanted) + wanted.model_dump_json()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("kind", "pager"),
        ("webhook_url", "http://user:sentinel@hook.example/"),
        ("secret", "sentinel"),
        ("secret", "s" * 256),
        ("recipients", ["Ada <ada@example.org>"]),
        ("recipients", ["-x@example.org"]),
        ("recipients", ["ada@example.org\r\nBcc: all@example.org"]),
        ("states", []),
        ("states", ["running"]),
        ("templates", ["--all"]),
        ("notification", "Ops Team"),
        ("password", "sentinel"),
    ],
)
def test_a_wrong_field_is_named_and_not_quoted(field: str, value: object) -> None:
    with pytest.raises(ValidationError) as refusal:
        NotificationRegistration(**HOOK | {field: value})
    [error] = refusal.value.errors(include_input=False, include_context=False)
    assert error["loc"][0] == field
    assert "sentinel" not in str(error)
