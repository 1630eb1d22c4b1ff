# SPDX-License-Identifier: Apache-2.0
"""An environment: which stage of its projects a node serves, from prod to test."""

from inventory_service.core.field_types import Label, Line
from inventory_service.fleet.domain.catalog import CatalogChange


class EnvironmentChange(CatalogChange):
    """What may be changed of an environment."""

    description: Line | None = None
    owner: Line | None = None


class EnvironmentRegistration(EnvironmentChange):
    """What is said of an environment when it becomes known."""

    environment: Label
