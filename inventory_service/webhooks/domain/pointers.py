# SPDX-License-Identifier: Apache-2.0
"""JSON Pointers (RFC 6901): the place of a value in a document."""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, StringConstraints

#: Not the whole document, which is no answer.
_POINTER = re.compile(r"(?:/(?:[^/~]|~[01])*)+\Z")
_INDEX = re.compile(r"(?:0|[1-9][0-9]{0,8})\Z")
_LONGEST = 255


class _Missing:
    """The value of a place that a document does not have."""


MISSING = _Missing()


def check_pointer(value: str) -> str:
    """Return the pointer if it is one.

    :raises ValueError: it is not.
    """
    if not _POINTER.match(value):
        raise ValueError("must be a JSON Pointer, as /release/tag_name (RFC 6901)")
    return value


Pointer = Annotated[str, StringConstraints(max_length=_LONGEST), AfterValidator(check_pointer)]


def read_pointer(document: Any, pointer: str) -> Any:  # noqa: ANN401 - any JSON
    """Return the value at a place of a document, or `MISSING`."""
    found = document
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(found, dict) and name in found:
            found = found[name]
        elif isinstance(found, list) and _INDEX.match(name) and int(name) < len(found):
            found = found[int(name)]
        else:
            return MISSING
    return found
