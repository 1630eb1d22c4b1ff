# SPDX-License-Identifier: Apache-2.0
"""Redaction of secrets in audit records and log lines."""

import re
from typing import TypeVar, cast

HIDDEN = "(hidden)"
#: A whole token in any text; its id stays visible, so that one knows which token to revoke.
_TOKEN = re.compile(r"(qm_[0-9a-f]{12})_[A-Za-z0-9_-]{43}")
#: Variables whose values are likely to be secrets, by the ends of their names. `pass` alone has to
#: be a word of its own, as in `db_pass` and `dbPass`, not the end of `bypass`.
_SECRET_NAME = re.compile(
    r"(?:(?:password|passwd|passphrase|secret|token|credential|(?:private|api|secret)[_-]?key)"
    r"|(?:^|[_-]|(?<=(?-i:[a-z0-9]))(?=(?-i:P)))pass)s?\Z",
    re.IGNORECASE,
)

Value = TypeVar("Value")


def redact(value: Value) -> Value:
    """Return a text or a JSON value without API tokens and without values named like secrets."""
    return cast("Value", _hide(value))


def _hide(value: object) -> object:
    if isinstance(value, str):
        # Nearly all texts end here; the search for the pattern is ten times slower.
        return _TOKEN.sub(rf"\1_{HIDDEN}", value) if "qm_" in value else value
    if isinstance(value, dict):
        return {
            _hide(name): HIDDEN if held and is_secret_name(name) else _hide(held)
            for name, held in value.items()
        }
    if isinstance(value, list | tuple):
        return [_hide(held) for held in value]
    return value


def is_secret_name(name: object) -> bool:
    """Return whether a variable of this name is likely to hold a secret."""
    return isinstance(name, str) and _SECRET_NAME.search(name) is not None
