# SPDX-License-Identifier: Apache-2.0
"""Catalog entries: what requests for clusters, projects, environments and services share."""

from pydantic import BaseModel, ConfigDict

from inventory_service.core.field_types import Reason


class CatalogChange(BaseModel):
    """A change of a catalog entry; what is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason | None = None


class RetirementRequest(BaseModel):
    """Why a catalog entry is retired."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason | None = None
