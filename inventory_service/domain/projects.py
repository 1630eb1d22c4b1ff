# SPDX-License-Identifier: Apache-2.0
"""A project: what nodes are for."""

from inventory_service.domain.named import NamedChange
from inventory_service.domain.words import Label, Line


class ProjectChange(NamedChange):
    """What may be changed of a project."""

    description: Line | None = None
    owner: Line | None = None


class ProjectRegistration(ProjectChange):
    """What is said of a project when it becomes known."""

    project: Label
