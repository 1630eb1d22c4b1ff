# SPDX-License-Identifier: Apache-2.0
"""Objects of requests and files: unknown fields are refused, and counted before they are read."""

from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic_core import PydanticCustomError

#: So many more fields than there are, are refused one by one, each by its name.
_MOST_UNKNOWN = 20


class Input(BaseModel):
    """An object that a client sends; a field that it does not have is refused by its name."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _check_count(cls, value: Any) -> Any:  # noqa: ANN401 - any JSON
        """Refuse an object with far more fields than there are, as one error.

        Each unknown field would be an error of its own, of which a body has room for a million.
        """
        if isinstance(value, dict) and len(value) > len(cls.model_fields) + _MOST_UNKNOWN:
            unknown = [name for name in value if name not in cls.model_fields]
            raise PydanticCustomError(
                "too_many_fields",
                "has {count} unknown fields, the first of them '{first}'",
                {"count": len(unknown), "first": str(unknown[0])[:64]},
            )
        return value
