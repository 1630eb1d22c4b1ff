# SPDX-License-Identifier: Apache-2.0
"""Orders of runs: what a caller may choose beside the template; all else is refused by name."""

import enum
from typing import Any

from pydantic import Field

from inventory_service.core.field_types import Reason
from inventory_service.core.inputs import Input
from inventory_service.runs.domain.slices import MOST_SLICES
from inventory_service.runs.domain.templates import Tag, TemplateName

#: Room for the names of some thousand hosts.
MOST_LIMIT_CHARACTERS = 65_536


class RunChoices(Input):
    """What can be chosen of a run, by an order or by what orders runs itself."""

    limit: str = Field(
        default="",
        max_length=MOST_LIMIT_CHARACTERS,
        description="names of nodes and groups, with * and ?, `!` before those to leave out; "
        "resolved at once",
    )
    tags: list[Tag] = Field(default_factory=list, max_length=50)
    skip_tags: list[Tag] = Field(default_factory=list, max_length=50)
    check: bool = Field(default=False, description="change nothing, and report what would change")
    diff: bool = Field(default=False, description="show what changes in files")
    answers: dict[str, Any] = Field(default_factory=dict, max_length=200)


class RunOrder(RunChoices):
    """A run that somebody wants."""

    template: TemplateName
    plan: bool = Field(
        default=False,
        description="check and diff, whose result can be approved and applied as it is",
    )
    slices: int | None = Field(
        default=None,
        ge=1,
        le=MOST_SLICES,
        description="into how many slices the run is split; 1 for none, null for the template's",
    )
    force_slices: bool = Field(
        default=False,
        description="slice it, whatever of its playbook concerns all hosts at once",
    )
    reason: Reason | None = None


class RelaunchHosts(enum.StrEnum):
    """Which hosts of a run are taken again."""

    ALL = "all"
    FAILED = "failed"


class RelaunchOrder(Input):
    """The same run once more."""

    hosts: RelaunchHosts = Field(
        default=RelaunchHosts.ALL, description="`failed`: those that failed or were unreachable"
    )
    reason: Reason | None = None


class CancellationRequest(Input):
    """Why a run is cancelled."""

    reason: Reason | None = None
