# SPDX-License-Identifier: Apache-2.0
"""Templates: which playbook runs start, on which nodes, with which settings."""

from typing import Any

from sqlalchemy import JSON, String, false
from sqlalchemy.orm import Mapped, mapped_column

from inventory_service.fleet.models.catalog import CatalogEntry


class Template(CatalogEntry):
    """What runs of one kind have in common."""

    __tablename__ = "templates"

    NOUN = "template"
    FIELDS = (
        "template",
        "description",
        "playbook",
        "filters",
        "limit_variable",
        "requires_limit",
        "variables",
        "survey",
        "tags",
        "skip_tags",
        "forks",
        "verbosity",
        "idle_timeout_s",
        "timeout_s",
        "concurrency",
        "host_lock",
        "locks",
        "is_idempotent",
        "slices",
        "retries",
        "retry_pause_s",
        "retry_hosts",
        "force_slices",
        "launch_role",
        "approvals_needed",
        "approver_role",
        "approval_expiry_s",
    )

    template: Mapped[str] = mapped_column(String(63), primary_key=True)
    description: Mapped[str | None] = mapped_column(String(255))
    playbook: Mapped[str] = mapped_column(String(255))
    filters: Mapped[dict[str, list[str]]] = mapped_column(JSON)
    limit_variable: Mapped[str | None] = mapped_column(String(128))
    requires_limit: Mapped[bool]
    variables: Mapped[dict[str, Any]] = mapped_column(JSON)
    survey: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    tags: Mapped[list[str]] = mapped_column(JSON)
    skip_tags: Mapped[list[str]] = mapped_column(JSON)
    forks: Mapped[int]
    verbosity: Mapped[int]
    idle_timeout_s: Mapped[int]
    timeout_s: Mapped[int]
    concurrency: Mapped[int]
    host_lock: Mapped[str | None] = mapped_column(String(16))
    locks: Mapped[list[dict[str, str]]] = mapped_column(JSON)
    is_idempotent: Mapped[bool]
    retries: Mapped[int] = mapped_column(server_default="0")
    retry_pause_s: Mapped[int] = mapped_column(server_default="60")
    retry_hosts: Mapped[str] = mapped_column(String(16), server_default="failed")
    slices: Mapped[int] = mapped_column(server_default="1")
    force_slices: Mapped[bool] = mapped_column(server_default=false())
    launch_role: Mapped[str] = mapped_column(String(16))
    approvals_needed: Mapped[int] = mapped_column(server_default="0")
    approver_role: Mapped[str] = mapped_column(String(16), server_default="approver")
    approval_expiry_s: Mapped[int] = mapped_column(server_default="86400")
