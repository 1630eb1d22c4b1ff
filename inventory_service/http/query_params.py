# SPDX-License-Identifier: Apache-2.0
"""Query parameters: unknown ones are refused."""

import functools
from typing import Any

from pydantic import BaseModel, ConfigDict


class Query(BaseModel):
    """The query parameters of a route; an unknown one is refused."""

    model_config = ConfigDict(extra="forbid")

    @classmethod
    def model_json_schema(cls, *args: Any, **options: Any) -> dict[str, Any]:  # noqa: ANN401 - pydantic's signature
        """Return the schema; the plain one is made once.

        flask-openapi3 4.3 asks for it at each request (``_validate_query``), which cost a third of
        an answer from memory.
        """
        if args or options:
            return super().model_json_schema(*args, **options)
        return _make_schema(cls)


@functools.cache
def _make_schema(query: type[Query]) -> dict[str, Any]:
    return super(Query, query).model_json_schema()
