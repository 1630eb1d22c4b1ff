# SPDX-License-Identifier: Apache-2.0
"""Catalog entries: what requests for clusters, projects, environments and services share."""

from inventory_service.core.field_types import Reason
from inventory_service.core.inputs import Input


class CatalogChange(Input):
    """A change of a catalog entry; what is left out stays as it is."""

    reason: Reason | None = None


class RetirementRequest(Input):
    """Why a catalog entry is retired."""

    reason: Reason | None = None
