# SPDX-License-Identifier: Apache-2.0
"""A project: what nodes are for."""

from inventory_service.core.field_types import Label, Line
from inventory_service.fleet.domain.catalog import CatalogChange


class ProjectChange(CatalogChange):
    """The fields of a project that can change."""

    description: Line | None = None
    owner: Line | None = None


class ProjectRegistration(ProjectChange):
    """The fields of a new project."""

    project: Label
