# SPDX-License-Identifier: Apache-2.0
"""What OpenAPI promises of imports is what the plans have."""

from dataclasses import fields
from typing import Any

import pytest
from pydantic import BaseModel

from inventory_service.imports.domain import nodes_plan, projects_plan, skips
from inventory_service.imports.routes import schemas


@pytest.mark.parametrize(
    ("schema", "kind", "extra"),
    [
        (schemas.PlanOut, projects_plan.Plan, {"digest"}),
        (schemas.WantedNodeOut, projects_plan.WantedNode, set()),
        (schemas.ResizeOut, projects_plan.Resize, set()),
        (schemas.RetirementOut, projects_plan.Retirement, set()),
        (schemas.RetirementShareOut, projects_plan.RetirementShare, set()),
        (schemas.NodesPlanOut, nodes_plan.NodesPlan, {"digest"}),
        (schemas.AddedNodeOut, nodes_plan.AddedNode, set()),
        (schemas.ChangedNodeOut, nodes_plan.ChangedNode, set()),
        (schemas.FieldChangeOut, nodes_plan.FieldChange, set()),
        (schemas.SkipOut, skips.Skip, set()),
    ],
)
def test_a_schema_has_the_fields_of_what_is_answered(
    schema: type[BaseModel], kind: type[Any], extra: set[str]
) -> None:
    assert set(schema.model_fields) == {one.name for one in fields(kind)} | extra
