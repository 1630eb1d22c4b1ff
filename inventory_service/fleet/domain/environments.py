# SPDX-License-Identifier: Apache-2.0
"""An environment: the stage of its projects that a node serves, from prod to test."""

from inventory_service.core.field_types import Label, Line
from inventory_service.fleet.domain.catalog import CatalogChange


class EnvironmentChange(CatalogChange):
    """The fields of an environment that can change."""

    description: Line | None = None
    owner: Line | None = None


class EnvironmentRegistration(EnvironmentChange):
    """The fields of a new environment."""

    environment: Label
