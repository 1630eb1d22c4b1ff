# SPDX-License-Identifier: Apache-2.0
"""Register and change templates, whose playbook and survey are checked."""

from sqlalchemy.orm import Session

from inventory_service.core.actors import Actor
from inventory_service.core.preconditions import Expected
from inventory_service.fleet.usecases.catalog import change_entry, register_entry
from inventory_service.runs.domain.sources import RunSources
from inventory_service.runs.domain.templates import TemplateChange, TemplateRegistration
from inventory_service.runs.models.templates import Template
from inventory_service.runs.usecases.surveys import check_survey


def register_template(
    session: Session, actor: Actor, wanted: TemplateRegistration, *, sources: RunSources
) -> Template:
    """Register a template.

    :raises Conflict: the name is taken.
    :raises BadInput: its playbook is not on the list, or its survey is not valid.
    """
    sources.check_playbook(wanted.playbook)
    if wanted.survey is not None:
        check_survey(wanted.survey)
    return register_entry(session, actor, Template, wanted)


def change_template(
    session: Session,
    actor: Actor,
    name: str,
    change: TemplateChange,
    *,
    expected: Expected = None,
) -> Template:
    """Set the fields that the change names; runs that were ordered before stay as they are.

    :raises NotFound: there was never a template of that name.
    :raises PreconditionFailed: it is not as the caller expects it.
    :raises Conflict: it is retired.
    :raises BadInput: its survey is not valid.
    """
    if change.survey is not None:
        check_survey(change.survey)
    return change_entry(session, actor, Template, name, change, expected=expected)
