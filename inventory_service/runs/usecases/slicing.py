# SPDX-License-Identifier: Apache-2.0
"""Whether a run is sliced: as its order or its template has it, and if its playbook allows it."""

from collections.abc import Mapping
from typing import Any

from inventory_service.core.errors import BadInput, Conflict, FieldError
from inventory_service.runs.domain.orders import RunOrder
from inventory_service.runs.domain.slices import count_slices
from inventory_service.runs.domain.sources import RunSources
from inventory_service.runs.models.templates import Template

#: How many of the reasons against slices a refusal names.
_MOST_NAMED = 3


def choose_slices(template: Template, order: RunOrder, *, hosts: int) -> int:
    """Return into how many slices the run is split, or 0.

    :raises BadInput: a plan is to be sliced: its digest is that of one run.
    """
    if order.plan:
        if (order.slices or 1) > 1:
            raise BadInput(
                "A plan is one run, whose digest is approved. Order it without slices.",
                field_errors=[FieldError("slices", "can't be set for a plan")],
            )
        return 0
    return count_slices(template.slices if order.slices is None else order.slices, hosts)


def check_slicing(playbook: str, options: Mapping[str, Any], *, sources: RunSources) -> None:
    """Raise Conflict if the slices of a run could disturb each other, or do a thing twice.

    :raises Conflict: something of the playbook concerns all hosts at once, or can't be read.
    """
    if options["limit_variable"]:
        found = [
            f"hosts by the variable {options['limit_variable']}, so that each slice has all plays"
        ]
    else:
        found = list(sources.list_obstacles(playbook))
    if found:
        more = f" and {len(found) - _MOST_NAMED} more" if len(found) > _MOST_NAMED else ""
        raise Conflict(
            f"Playbook '{playbook}' has what a slice can't do alone: "
            f"{'; '.join(found[:_MOST_NAMED])}{more}. Order it without slices, or, if each slice "
            "may do it for its own hosts, with --force-slices."
        )
