# SPDX-License-Identifier: Apache-2.0
"""Templates: which playbook runs start, on which nodes, with which settings and questions."""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints

from inventory_service.core.actors import Role
from inventory_service.core.field_types import Label, Line
from inventory_service.core.inputs import Input
from inventory_service.core.variables import CONTROLLER_PREFIXES, check_name, check_value
from inventory_service.fleet.domain.catalog import CatalogChange
from inventory_service.fleet.domain.nodes import NodeState
from inventory_service.runs.domain.locks import LockMode
from inventory_service.runs.domain.retries import MOST_RETRIES, RetryHosts
from inventory_service.runs.domain.slices import MOST_SLICES

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?\Z")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}\Z")
#: Of a folder below the one of the playbooks, or of a collection: `quartermaster.fleet.site`.
_PLAYBOOK = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./-]{0,254}\Z")
_VARIABLE = re.compile(r"[A-Za-z0-9_]{1,128}\Z")
#: What `qm run` takes for a command of its own.
RESERVED_NAMES = frozenset(
    {
        "start",
        "list",
        "show",
        "follow",
        "log",
        "hosts",
        "tasks",
        "events",
        "cancel",
        "relaunch",
        "apply",
        "approve",
        "reject",
        "approvals",
    }
)
SECONDS_A_DAY = 86_400


def check_template_name(value: str) -> str:
    """Return the name of a template if `qm run` can tell it from its own commands.

    :raises ValueError: it is no name, or that of a command.
    """
    if not _NAME.match(value):
        raise ValueError("must be 1 to 63 of a-z, 0-9, '-' and '_', with neither at an end")
    if value in RESERVED_NAMES:
        raise ValueError(f"must not be {value!r}: `qm run {value}` is a command")
    return value


def check_tag(value: str) -> str:
    """Return the tag if it can be no option and no list.

    :raises ValueError: it has another form.
    """
    if not _TAG.match(value):
        raise ValueError("must be a tag: letters, digits, '_', '.' and '-', none of these first")
    return value


def check_playbook(value: str) -> str:
    """Return the name of a playbook if it can be no option and no path out of its folder.

    :raises ValueError: it has another form.
    """
    if not _PLAYBOOK.match(value) or ".." in value or "//" in value:
        raise ValueError("must be the name of a playbook, as `qm template playbooks` lists them")
    return value


def check_run_variable(name: str) -> str:
    """Return the name if a run can be given a variable of it, by those who write templates.

    :raises ValueError: no variable has that name, or it could run code on the controller.
    """
    try:
        check_name(name)
    except ValueError:
        # What nodes may not set, since it belongs to the controller's side: which this is.
        if not name.startswith(CONTROLLER_PREFIXES) or not _VARIABLE.match(name):
            raise
    return name


def check_run_variables(variables: dict[str, Any]) -> dict[str, Any]:
    """Return the variables of a template if Ansible can take each name and value as data.

    :raises ValueError: it can't.
    """
    for name, value in variables.items():
        check_run_variable(name)
        check_value(name, value)
    return variables


TemplateName = Annotated[str, StringConstraints(max_length=63), AfterValidator(check_template_name)]
Tag = Annotated[str, StringConstraints(max_length=63), AfterValidator(check_tag)]
PlaybookName = Annotated[str, StringConstraints(max_length=255), AfterValidator(check_playbook)]
VariableName = Annotated[str, StringConstraints(max_length=128), AfterValidator(check_run_variable)]
ApproverRole = Literal[Role.APPROVER, Role.ADMIN]
RunVariables = Annotated[dict[str, Any], AfterValidator(check_run_variables)]


class NodeFilters(Input):
    """Which nodes the runs of a template may have; values of one filter are alternatives."""

    project: list[Label] = Field(default_factory=list, max_length=100)
    environment: list[Label] = Field(default_factory=list, max_length=100)
    cluster: list[Label] = Field(default_factory=list, max_length=100)
    region: list[Label] = Field(default_factory=list, max_length=100)
    node_type: list[Label] = Field(default_factory=list, max_length=100)
    state: list[NodeState] = Field(
        default_factory=lambda: [NodeState.ACTIVE], min_length=1, max_length=6
    )


class TemplateLock(Input):
    """A lock that each run of a template holds."""

    name: Label
    mode: LockMode = LockMode.EXCLUSIVE


def check_locks(locks: list[TemplateLock]) -> list[TemplateLock]:
    """Return the locks of a template if each is named once.

    :raises ValueError: one is named twice, so that its mode would be either.
    """
    names = [lock.name for lock in locks]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"must name the lock {name!r} once")
    return locks


class TemplateChange(CatalogChange):
    """The fields of a template that can change."""

    description: Line | None = None
    filters: NodeFilters = Field(default_factory=NodeFilters)
    limit_variable: VariableName | None = Field(
        default=None,
        description="the variable that gets the names of the hosts, for a playbook that begins on "
        "localhost, which --limit would leave out; null for --limit",
    )
    requires_limit: bool = Field(
        default=False, description="whether an order must name its nodes by a limit"
    )
    variables: RunVariables = Field(
        default_factory=dict, description="given to each run, as data and not as templates"
    )
    survey: dict[str, Any] | None = Field(
        default=None,
        description="the questions, as a JSON Schema of an object; `x-choices` of a text names "
        "what of the fleet can be chosen: nodes, clusters, projects, environments, services",
    )
    tags: list[Tag] = Field(default_factory=list, max_length=50)
    skip_tags: list[Tag] = Field(default_factory=list, max_length=50)
    forks: int = Field(default=20, ge=1, le=500)
    verbosity: int = Field(default=0, ge=0, le=4)
    idle_timeout_s: int = Field(
        default=900, ge=5, le=SECONDS_A_DAY, description="ends a run without output for so long"
    )
    timeout_s: int = Field(
        default=7200, ge=5, le=7 * SECONDS_A_DAY, description="ends a run that takes longer"
    )
    concurrency: int = Field(
        default=0, ge=0, le=100, description="how many of its runs are live at once; 0 for any"
    )
    host_lock: LockMode | None = Field(
        default=LockMode.EXCLUSIVE, description="the lock on each of its hosts; null for none"
    )
    locks: Annotated[list[TemplateLock], AfterValidator(check_locks)] = Field(
        default_factory=list, max_length=20
    )
    is_idempotent: bool = Field(
        default=False, description="whether a run that was lost is ordered again by itself"
    )
    slices: int = Field(
        default=1,
        ge=1,
        le=MOST_SLICES,
        description="into how many slices a run is split, unless its order says it; 1 for none, "
        "and never more than it has hosts",
    )
    force_slices: bool = Field(
        default=False,
        description="whether runs may be sliced whose playbook has what concerns all hosts at once "
        "(run_once, serial, delegation and the like)",
    )
    retries: int = Field(
        default=0,
        ge=0,
        le=MOST_RETRIES,
        description="how often a run that failed or was unreachable is tried again by itself",
    )
    retry_pause_s: int = Field(
        default=60, ge=0, le=SECONDS_A_DAY, description="the pause before each retry"
    )
    retry_hosts: RetryHosts = Field(
        default=RetryHosts.FAILED, description="whether a retry has the hosts that failed, or all"
    )
    launch_role: Role = Field(
        default=Role.OPERATOR, description="the role of those who may order its runs"
    )
    approvals_needed: int = Field(
        default=0,
        ge=0,
        le=20,
        description="how many people, without who ordered it, must approve a run; it then needs a "
        "plan",
    )
    approver_role: ApproverRole = Field(
        default=Role.APPROVER, description="the role of those who may approve its runs"
    )
    approval_expiry_s: int = Field(
        default=SECONDS_A_DAY,
        ge=60,
        le=30 * SECONDS_A_DAY,
        description="how long a run waits for its approvals",
    )


class TemplateRegistration(TemplateChange):
    """The fields of a new template; its playbook stays."""

    template: TemplateName
    playbook: PlaybookName
