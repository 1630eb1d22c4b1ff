# SPDX-License-Identifier: Apache-2.0
"""Import templates: all of them are as they are wanted afterwards, or nothing is changed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from inventory_service.core.actors import Actor
from inventory_service.core.errors import (
    BadInput,
    Conflict,
    ErrorCollector,
    FieldError,
    ServiceError,
)
from inventory_service.fleet.domain.catalog import RetirementRequest
from inventory_service.fleet.usecases.catalog import retire_entry
from inventory_service.runs.domain.sources import RunSources
from inventory_service.runs.domain.template_plans import (
    TemplateImport,
    TemplatesPlan,
    get_fields,
    plan_templates,
)
from inventory_service.runs.domain.templates import TemplateChange, TemplateRegistration
from inventory_service.runs.models.templates import Template
from inventory_service.runs.usecases.templates import change_template, register_template


def import_templates(
    session: Session, actor: Actor, request: TemplateImport, *, sources: RunSources
) -> TemplatesPlan:
    """Record the templates of a request, all or nothing, and return what was changed.

    :raises BadInput: a template is named twice, or one is invalid; each error names its field.
    :raises Conflict: one is retired, or would get another playbook; or the plan is not the one that
        was shown, or retires more than it may.
    """
    known = {one.template: one for one in session.scalars(select(Template))}
    _check_names(request.templates, known)
    live = {name: one.as_dict() for name, one in known.items() if one.retired_at is None}
    fields = {name: {key: held[key] for key in Template.FIELDS} for name, held in live.items()}
    plan = plan_templates(request.templates, fields, retire_missing=request.retire_missing)
    if request.apply:
        plan.check_requested(request)
    _record(session, actor, request, plan, sources)
    return plan


def _check_names(wanted: Sequence[TemplateRegistration], known: Mapping[str, Template]) -> None:
    errors = list(_iter_errors(wanted, known))
    if errors:
        kind = BadInput if any(is_input for is_input, _ in errors) else Conflict
        raise kind("The templates can't be imported.", field_errors=[error for _, error in errors])


def _iter_errors(
    wanted: Sequence[TemplateRegistration], known: Mapping[str, Template]
) -> Iterator[tuple[bool, FieldError]]:
    """Yield each error, and whether it is one whatever the present templates are."""
    names: set[str] = set()
    for index, one in enumerate(wanted):
        path, present = f"templates.{index}", known.get(one.template)
        if one.template in names:
            yield True, FieldError(f"{path}.template", f"{one.template!r} is there twice")
        names.add(one.template)
        if one.reason is not None:
            yield True, FieldError(f"{path}.reason", "belongs to the import as a whole")
        if present is not None and present.retired_at is not None:
            reason = "is retired, and its name is not given again; choose another one"
            yield False, FieldError(f"{path}.template", reason)
        elif present is not None and present.playbook != one.playbook:
            reason = f"is {present.playbook!r} and stays; another one needs a template of its own"
            yield False, FieldError(f"{path}.playbook", reason)


def _record(
    session: Session,
    actor: Actor,
    request: TemplateImport,
    plan: TemplatesPlan,
    sources: RunSources,
) -> None:
    added = {one.template for one in plan.add}
    changed = {
        one.template: {change.field.partition(".")[0] for change in one.changes}
        for one in plan.change
    }
    errors = ErrorCollector()
    for index, one in enumerate(request.templates):
        try:
            if one.template in added:
                wanted = one.model_copy(update={"reason": request.reason})
                register_template(session, actor, wanted, sources=sources)
            elif one.template in changed:
                fields = get_fields(one)
                named = {name: fields[name] for name in changed[one.template]}
                change = TemplateChange(**named, reason=request.reason)
                change_template(session, actor, one.template, change)
        except ServiceError as refusal:
            errors.note(refusal.relocated(partial(_prefix, f"templates.{index}")))
    if errors.field_errors:
        raise errors.kind("The templates can't be imported.", field_errors=errors.field_errors)
    for name in plan.retire:
        retire_entry(session, actor, Template, name, RetirementRequest(reason=request.reason))


def _prefix(path: str, error: FieldError) -> FieldError:
    """Return the error of a template as one of the request."""
    return replace(error, field=f"{path}.{error.field}")
