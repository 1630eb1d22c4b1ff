# SPDX-License-Identifier: Apache-2.0
"""Answers to imports: the plans of a projects.csv and of files that declare nodes."""

from typing import Any, Literal

from pydantic import BaseModel, Field


class WantedNodeOut(BaseModel):
    """A node that a plan would add."""

    node_id: str
    node_type: str
    project: str
    environment: str
    region: str | None
    spec: str


class ResizeOut(BaseModel):
    """A node that a plan would give another size."""

    node_id: str
    from_spec: str | None
    to_spec: str


class RetirementOut(BaseModel):
    """A node that a plan would retire."""

    node_id: str
    node_type: str
    project: str
    environment: str
    state: str


class RetirementShareOut(BaseModel):
    """How many of the live nodes of an environment a plan would retire."""

    environment: str
    retire: int
    live: int


class DifferenceOut(BaseModel):
    """A value of a file that a node does not have, and that the import does not change."""

    node_id: str
    field: str
    recorded: str | None
    file: str


class PlanOut(BaseModel):
    """What an import would record."""

    add: list[WantedNodeOut]
    resize: list[ResizeOut]
    retire: list[str]
    unchanged: int
    retirements: list[RetirementOut] = Field(description="the nodes of `retire`, as they are")
    shares: list[RetirementShareOut]
    new_projects: list[str]
    new_environments: list[str]
    differences: list[DifferenceOut]
    digest: str


class AddedNodeOut(BaseModel):
    """A declared node that the fleet does not have."""

    address: str = Field(description="what the file calls it")
    node_id: str
    fields: dict[str, Any]


class FieldChangeOut(BaseModel):
    """A field that a file would change."""

    field: str
    before: Any
    after: Any


class ChangedNodeOut(BaseModel):
    """A node that a file would change."""

    address: str
    node_id: str
    changes: list[FieldChangeOut]


class SkipOut(BaseModel):
    """What of a file is left out, or deserves a look."""

    address: str = Field(description="of the first one with this reason")
    reason: str
    more: int = Field(description="how many others there are with the same reason")
    kind: Literal["server", "field", "warning"] = Field(
        description="a server that is no node, a part of a node, or nothing that is left out"
    )


class NodesPlanOut(BaseModel):
    """What a file that declares nodes would record."""

    add: list[AddedNodeOut]
    update: list[ChangedNodeOut]
    unchanged: int
    skipped: list[SkipOut]
    digest: str


class ImportOut(BaseModel):
    """A plan, and whether it was recorded."""

    plan: PlanOut | NodesPlanOut
    applied: bool
