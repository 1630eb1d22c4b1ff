# SPDX-License-Identifier: Apache-2.0
"""Whether what a plan rests on is still as it was, when the run that applies it is about to."""

from sqlalchemy.orm import Session

from inventory_service.runs.domain.plans import PlanBasis
from inventory_service.runs.models.runs import Run
from inventory_service.runs.usecases.orders import get_run


def find_void(session: Session, run: Run, present: PlanBasis) -> str | None:
    """Return why the run can't apply its plan any more; None if it can, or applies none.

    :raises NotFound: the plan is not there any more.
    """
    if run.plan_of is None:
        return None
    plan = get_run(session, run.plan_of)
    changed = PlanBasis(**(plan.basis or {})).list_changes(present)
    if not changed:
        return None
    *others, last = (f"the {name}" for name in changed)
    parts = f"{', '.join(others)} and {last}" if others else last
    verb = "has" if len(changed) == 1 else "have"
    return f"{parts} {verb} changed since plan {plan.id}; order a new one"
