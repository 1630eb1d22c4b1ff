# SPDX-License-Identifier: Apache-2.0
"""The filters that lists of nodes and inventories share."""

from typing import Literal

from pydantic import Field

from inventory_service.core.field_types import Label
from inventory_service.http.query_params import Query

State = Literal["planned", "provisioning", "active", "maintenance", "failed", "retired", "any"]


class FilterQuery(Query):
    """Which nodes; each filter may be repeated, and its values are alternatives."""

    project: list[Label] = Field(default_factory=list, max_length=100)
    environment: list[Label] = Field(default_factory=list, max_length=100)
    cluster: list[Label] = Field(default_factory=list, max_length=100)
    region: list[Label] = Field(default_factory=list, max_length=100)
    node_type: list[Label] = Field(default_factory=list, max_length=100)
    state: list[State] = Field(default_factory=list, max_length=7)


def to_filters(query: FilterQuery) -> dict[str, list[str]]:
    """Return the filters as the use cases take them."""
    return query.model_dump(include=set(FilterQuery.model_fields))
