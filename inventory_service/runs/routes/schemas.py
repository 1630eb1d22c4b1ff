# SPDX-License-Identifier: Apache-2.0
"""The schemas of answers about templates and runs, as the OpenAPI document shows them."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from inventory_service.runs.domain.locks import LockMode
from inventory_service.runs.domain.retries import RetryHosts
from inventory_service.runs.domain.states import RunState


class TemplateOut(BaseModel):
    """A template."""

    template: str
    description: str | None
    playbook: str
    filters: dict[str, list[str]]
    limit_variable: str | None
    requires_limit: bool
    variables: dict[str, Any]
    survey: dict[str, Any] | None
    tags: list[str]
    skip_tags: list[str]
    forks: int
    verbosity: int
    idle_timeout_s: int
    timeout_s: int
    concurrency: int
    host_lock: LockMode | None
    locks: list[dict[str, str]]
    is_idempotent: bool
    slices: int
    retries: int
    retry_pause_s: int
    retry_hosts: RetryHosts
    force_slices: bool
    launch_role: str
    approvals_needed: int
    approver_role: str
    approval_expiry_s: int
    created_at: datetime
    retired_at: datetime | None
    revision: int


class AddedTemplateOut(BaseModel):
    """A template that an import would add."""

    template: str
    fields: dict[str, Any]


class TemplateFieldChangeOut(BaseModel):
    """A field of a template that an import would change."""

    field: str
    before: Any
    after: Any


class ChangedTemplateOut(BaseModel):
    """A template that an import would change."""

    template: str
    changes: list[TemplateFieldChangeOut]


class TemplatesPlanOut(BaseModel):
    """What an import of templates would record."""

    add: list[AddedTemplateOut]
    change: list[ChangedTemplateOut]
    retire: list[str]
    unchanged: int
    live: int = Field(description="how many templates are live before it")
    digest: str


class TemplateImportOut(BaseModel):
    """A plan, and whether it was recorded."""

    plan: TemplatesPlanOut
    applied: bool


class PlaybooksOut(BaseModel):
    """The playbooks that runs may start."""

    items: list[str]


class ApprovalCount(BaseModel):
    """How many approvals a run needs, and how many it has."""

    needed: int
    given: int


class RunOut(BaseModel):
    """A run."""

    id: int
    template: str
    playbook: str
    state: RunState
    state_reason: str | None = Field(description="why it waits, or how it came to its end")
    limit: str
    host_count: int
    options: dict[str, Any]
    answers: dict[str, Any]
    reason: str | None
    requested_by: str
    door: str
    relaunch_of: int | None
    retry_of: int | None = Field(description="the attempt before this one, which ended badly")
    retry_no: int = Field(description="how many attempts were before this one")
    retries: int = Field(description="how many may follow the first")
    not_before: datetime | None = Field(description="no worker takes it before")
    slice_of: int | None = Field(description="the run that it is a slice of")
    slice_no: int | None = Field(description="which slice of that run, from 1 on")
    slice_count: int = Field(description="into how many slices that run, or this one, is split")
    is_plan: bool
    plan_of: int | None = Field(description="the plan that it applies")
    digest: str | None = Field(description="of a plan that has ended well, and what applies it")
    changes: int | None = Field(description="how many tasks would change something, by host")
    approvals: ApprovalCount
    approver_role: str | None = Field(description="the role of those who may approve it")
    expires_at: datetime | None = Field(description="when it no longer waits for approvals")
    attempt: int
    worker: str | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    exit_code: int | None
    event_count: int
    missing_events: int = Field(description="events that Ansible counted and did not report")
    results: dict[str, int] = Field(description="how many hosts have which result")
    revision: int


class SliceOut(BaseModel):
    """A slice of a run."""

    id: int
    slice_no: int
    state: RunState
    state_reason: str | None
    host_count: int
    worker: str | None
    started_at: datetime | None
    ended_at: datetime | None


class WholeRunOut(RunOut):
    """A run with the names of its hosts, and its slices."""

    hosts: list[str]
    slices: list[SliceOut]


class PreviewOut(BaseModel):
    """The run that an order would give, with the names of its hosts."""

    template: str
    playbook: str
    limit: str
    hosts: list[str]
    host_count: int
    options: dict[str, Any]
    answers: dict[str, Any]
    relaunch_of: int | None
    slice_count: int


class HostOut(BaseModel):
    """How many tasks of a run had which result on a host."""

    host: str
    ok: int
    changed: int
    failed: int
    unreachable: int
    skipped: int
    rescued: int
    ignored: int


class HostsOut(BaseModel):
    """The results of all hosts of a run, by name."""

    items: list[HostOut]


class TaskOut(BaseModel):
    """When a task of a run began and ended, and on how many hosts it had which result."""

    number: int
    play: str
    task: str
    started_at: datetime
    ended_at: datetime | None
    ok: int
    changed: int
    failed: int
    unreachable: int
    skipped: int


class TasksOut(BaseModel):
    """The tasks of a run, in the order in which they began."""

    items: list[TaskOut]


class EventOut(BaseModel):
    """An event of a run."""

    counter: int = Field(description="of a sliced run, its place among the events of all slices")
    slice_no: int | None = Field(description="which slice it is of")
    kind: str = Field(description="as ansible-runner names it: `runner_on_ok`")
    at: datetime
    play: str | None
    task: str | None
    host: str | None
    is_changed: bool
    text: str = Field(description="its lines of the log")


class EventsOut(BaseModel):
    """Events of a run, and how far it is."""

    events: list[EventOut]
    next_after: int = Field(description="the value of `after` for the next question")
    run: RunOut
    is_complete: bool = Field(description="whether no event will follow")
