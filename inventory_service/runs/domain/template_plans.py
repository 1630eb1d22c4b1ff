# SPDX-License-Identifier: Apache-2.0
"""What an import of templates would change: those to add, fields to change, those to retire.

A document is all of a template: a field that it leaves out has its default.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from pydantic import Field, ValidationError

from inventory_service.core.errors import Conflict
from inventory_service.core.field_types import Reason
from inventory_service.core.inputs import Input
from inventory_service.core.json_numbers import is_same
from inventory_service.runs.domain.templates import TemplateRegistration

#: Fields that are maps, of which each member is compared.
_KEYED = ("filters", "variables")
#: More than this share of the live templates is retired only if the number is named.
_LARGE_SHARE = 3
_ABSENT = object()


class TemplateImport(Input):
    """Templates as they are to be."""

    templates: list[TemplateRegistration] = Field(min_length=1, max_length=500)
    retire_missing: bool = Field(
        default=False, description="whether live templates that are not named are retired"
    )
    apply: bool = Field(default=False, description="record the plan; else it is only shown")
    plan_digest: str | None = Field(
        default=None,
        max_length=64,
        description="of the plan that was shown: another one is not recorded",
    )
    max_retire: int | None = Field(
        default=None,
        ge=0,
        description="retire up to so many; null for a third of the live templates",
    )
    reason: Reason | None = None


@dataclass(frozen=True)
class FieldChange:
    """A field that would get another value; a variable is named like ``variables.port``."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True)
class AddedTemplate:
    """A template that is not there yet."""

    template: str
    fields: dict[str, Any]


@dataclass(frozen=True)
class ChangedTemplate:
    """A template that would be changed, and its changes."""

    template: str
    changes: list[FieldChange]


@dataclass
class TemplatesPlan:
    """What would be recorded; ``digest`` names exactly this."""

    add: list[AddedTemplate] = field(default_factory=list)
    change: list[ChangedTemplate] = field(default_factory=list)
    retire: list[str] = field(default_factory=list)
    unchanged: int = 0
    #: How many templates are live before it.
    live: int = 0

    @property
    def digest(self) -> str:
        """Return a hash of all that the plan would do."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def check_requested(self, request: TemplateImport) -> None:
        """Raise Conflict if this is not what may be recorded.

        :raises Conflict: another plan was shown, or it retires more templates than it may.
        """
        if request.plan_digest is not None and request.plan_digest != self.digest:
            raise Conflict(
                "The templates have changed since the plan was shown, and the plan with them. "
                "Nothing was changed. Look at the new plan and apply that one."
            )
        number = len(self.retire)
        step = f"name the number: max_retire {number} (`--max-retire {number}`)."
        if request.max_retire is None and number * _LARGE_SHARE > self.live:
            raise Conflict(
                f"The plan retires {number} of {self.live} live templates, more than a third. "
                f"Nothing was changed. If that is meant, {step}"
            )
        if request.max_retire is not None and number > request.max_retire:
            raise Conflict(
                f"The plan retires {number} templates, and max_retire is {request.max_retire}. "
                f"Nothing was changed. Correct the files, or {step}"
            )


def plan_templates(
    wanted: Iterable[TemplateRegistration],
    live: Mapping[str, Mapping[str, Any]],
    *,
    retire_missing: bool,
) -> TemplatesPlan:
    """Return what must be recorded so that the live templates are as they are wanted."""
    plan = TemplatesPlan(live=len(live))
    missing = set(live)
    for one in wanted:
        fields = get_fields(one)
        if one.template not in live:
            plan.add.append(AddedTemplate(one.template, fields))
            continue
        missing.discard(one.template)
        changes = list(_compare(_normalize(live[one.template]), fields))
        if changes:
            plan.change.append(ChangedTemplate(one.template, changes))
        else:
            plan.unchanged += 1
    plan.retire = sorted(missing) if retire_missing else []
    return plan


def get_fields(template: TemplateRegistration) -> dict[str, Any]:
    """Return the fields of a template, without its name, as they are stored."""
    return template.model_dump(mode="json", exclude={"template", "reason"})


def _normalize(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return stored fields as an import would store them: an older release wrote others."""
    try:
        return get_fields(TemplateRegistration.model_validate(dict(stored)))
    except ValidationError:
        return dict(stored)


def _compare(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[FieldChange]:
    for name, value in after.items():
        held = before.get(name)
        if name in _KEYED and isinstance(held, dict) and isinstance(value, dict):
            yield from _compare_members(name, held, value)
        elif not is_same(held, value):
            yield FieldChange(name, held, value)


def _compare_members(
    name: str, before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[FieldChange]:
    for key in sorted(before.keys() | after.keys()):
        held, value = before.get(key, _ABSENT), after.get(key, _ABSENT)
        if held is _ABSENT or value is _ABSENT or not is_same(held, value):
            shown = [None if one is _ABSENT else one for one in (held, value)]
            yield FieldChange(f"{name}.{key}", *shown)
