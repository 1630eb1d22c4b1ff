# SPDX-License-Identifier: Apache-2.0
"""What clusters, projects, environments and services share: a name given once, changes, an end."""

from pydantic import BaseModel, ConfigDict

from inventory_service.core.field_types import Reason


class CatalogChange(BaseModel):
    """A change of a named thing; what is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason | None = None


class RetirementRequest(BaseModel):
    """Why something ends."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason | None = None
