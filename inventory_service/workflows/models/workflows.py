# SPDX-License-Identifier: Apache-2.0
"""Workflows: catalog entries with steps."""

from typing import Any

from sqlalchemy import JSON, String
from sqlalchemy.orm import Mapped, mapped_column

from inventory_service.fleet.models.catalog import CatalogEntry
from inventory_service.workflows.domain.workflows import WorkflowStep


class Workflow(CatalogEntry):
    """Steps that follow each other."""

    __tablename__ = "workflows"

    NOUN = "workflow"
    FIELDS = ("workflow", "description", "survey", "launch_role", "steps")

    workflow: Mapped[str] = mapped_column(String(63), primary_key=True)
    description: Mapped[str | None] = mapped_column(String(255))
    survey: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    launch_role: Mapped[str] = mapped_column(String(16))
    steps: Mapped[list[dict[str, Any]]] = mapped_column(JSON)

    def list_steps(self) -> list[WorkflowStep]:
        """Return the steps, in the order in which they were written."""
        return [WorkflowStep.model_validate(one) for one in self.steps]
