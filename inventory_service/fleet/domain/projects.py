# SPDX-License-Identifier: Apache-2.0
"""A project: what nodes are for."""

from inventory_service.core.field_types import Label, Line
from inventory_service.fleet.domain.catalog import CatalogChange


class ProjectChange(CatalogChange):
    """What may be changed of a project."""

    description: Line | None = None
    owner: Line | None = None


class ProjectRegistration(ProjectChange):
    """What is said of a project when it becomes known."""

    project: Label
