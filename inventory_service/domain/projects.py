# SPDX-License-Identifier: Apache-2.0
"""A project: what nodes are for."""

from pydantic import BaseModel, ConfigDict

from inventory_service.domain.words import Label, Line, Reason


class ProjectChange(BaseModel):
    """What may be changed of a project."""

    model_config = ConfigDict(extra="forbid")

    description: Line | None = None
    owner: Line | None = None
    reason: Reason | None = None


class ProjectRegistration(ProjectChange):
    """What is said of a project when it becomes known."""

    project: Label
