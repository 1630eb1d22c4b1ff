# SPDX-License-Identifier: Apache-2.0
"""Templates, runs and what runs report; the templates that every fleet has from the start."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_ACTIVE = {
    "project": [],
    "environment": [],
    "cluster": [],
    "region": [],
    "node_type": [],
    "state": ["active"],
}
_RETIREMENT = {
    "type": "object",
    "properties": {
        "retire_count": {
            "type": "integer",
            "minimum": 1,
            "title": "How many nodes this takes away",
        },
        "retire_reason": {"type": "string", "minLength": 1, "maxLength": 255, "title": "Why"},
    },
    "required": ["retire_count", "retire_reason"],
}
#: Name: description, and what differs from the usual.
_FIRST: dict[str, tuple[str, dict[str, object]]] = {
    "ping": (
        "Whether Ansible reaches the nodes and can work on them",
        {"host_lock": None, "idle_timeout_s": 120, "timeout_s": 600, "is_idempotent": True},
    ),
    "provision": (
        "Planned nodes become servers; failed ones are tried again where they are named",
        {
            "filters": _ACTIVE | {"state": ["planned", "provisioning", "failed"]},
            "limit_variable": "provision_only",
            "concurrency": 1,
        },
    ),
    "site": ("The whole fleet, as it should be", {}),
    "infrastructure": ("Base system, mesh and firewall", {}),
    "verify": (
        "Proves that each role does what it should; changes nothing",
        {"host_lock": "shared"},
    ),
    "retire": (
        "The nodes that are named leave the fleet, and their servers are destroyed",
        {
            "filters": _ACTIVE
            | {"state": ["planned", "provisioning", "active", "maintenance", "failed"]},
            "limit_variable": "retire_nodes",
            "requires_limit": True,
            "survey": _RETIREMENT,
            "concurrency": 1,
        },
    ),
    "rotate_wireguard": (
        "Each node gets a new key for the mesh, under traffic",
        {"concurrency": 1},
    ),
}
_USUAL: dict[str, object] = {
    "filters": _ACTIVE,
    "limit_variable": None,
    "requires_limit": False,
    "variables": {},
    "survey": None,
    "tags": [],
    "skip_tags": [],
    "forks": 20,
    "verbosity": 0,
    "idle_timeout_s": 900,
    "timeout_s": 7200,
    "concurrency": 0,
    "host_lock": "exclusive",
    "locks": [],
    "is_idempotent": False,
    "launch_scope": "operator",
}


def upgrade() -> None:
    """Make the tables, and the first templates."""
    _make_templates()
    _make_runs()
    _make_reports()


def downgrade() -> None:
    """Drop templates and runs with all that they reported."""
    for name in ("run_log_chunks", "run_tasks", "run_hosts", "run_events", "runs", "templates"):
        op.drop_table(name)


def _make_templates() -> None:
    templates = op.create_table(
        "templates",
        sa.Column("template", sa.String(length=63), nullable=False),
        sa.Column("description", sa.String(length=255), nullable=True),
        sa.Column("playbook", sa.String(length=255), nullable=False),
        sa.Column("filters", sa.JSON(), nullable=False),
        sa.Column("limit_variable", sa.String(length=128), nullable=True),
        sa.Column("requires_limit", sa.Boolean(), nullable=False),
        sa.Column("variables", sa.JSON(), nullable=False),
        sa.Column("survey", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("skip_tags", sa.JSON(), nullable=False),
        sa.Column("forks", sa.Integer(), nullable=False),
        sa.Column("verbosity", sa.Integer(), nullable=False),
        sa.Column("idle_timeout_s", sa.Integer(), nullable=False),
        sa.Column("timeout_s", sa.Integer(), nullable=False),
        sa.Column("concurrency", sa.Integer(), nullable=False),
        sa.Column("host_lock", sa.String(length=16), nullable=True),
        sa.Column("locks", sa.JSON(), nullable=False),
        sa.Column("is_idempotent", sa.Boolean(), nullable=False),
        sa.Column("launch_scope", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("template", name="pk_templates"),
    )
    seen = op.get_bind().execute(sa.text("SELECT revision FROM fleet")).scalar_one()
    op.bulk_insert(
        templates,
        [
            _USUAL
            | {
                "template": name,
                "description": description,
                "playbook": f"quartermaster.fleet.{name}",
                "created_at": datetime.now(UTC),
                "revision": seen,
            }
            | special
            for name, (description, special) in _FIRST.items()
        ],
    )


def _make_runs() -> None:
    op.create_table(
        "runs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("template", sa.String(length=63), nullable=False),
        sa.Column("playbook", sa.String(length=255), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("state_reason", sa.String(length=1000), nullable=True),
        sa.Column("limit", sa.String(length=65536), nullable=False),
        sa.Column("hosts", sa.JSON(), nullable=False),
        sa.Column("host_count", sa.Integer(), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("variables", sa.JSON(), nullable=False),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.Column("locks", sa.JSON(), nullable=False),
        sa.Column("is_idempotent", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(length=1000), nullable=True),
        sa.Column("requested_by", sa.String(length=63), nullable=False),
        sa.Column("door", sa.String(length=16), nullable=False),
        sa.Column("relaunch_of", sa.Integer(), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("worker", sa.String(length=255), nullable=True),
        sa.Column("claim_token", sa.String(length=43), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("supervisor", sa.String(length=63), nullable=True),
        sa.Column("exit_code", sa.Integer(), nullable=True),
        sa.Column("event_count", sa.Integer(), nullable=False),
        sa.Column("missing_events", sa.Integer(), nullable=False),
        sa.Column("results", sa.JSON(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["template"], ["templates.template"], name="fk_runs_template"),
        sa.ForeignKeyConstraint(["relaunch_of"], ["runs.id"], name="fk_runs_relaunch_of"),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
    )
    op.create_index("ix_runs_state_id", "runs", ["state", "id"])
    op.create_index("ix_runs_template", "runs", ["template"])
    op.create_index("ix_runs_lease_until", "runs", ["lease_until"])


def _make_reports() -> None:
    op.create_table(
        "run_events",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("counter", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=63), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("play", sa.Text(), nullable=True),
        sa.Column("task", sa.Text(), nullable=True),
        sa.Column("host", sa.String(length=253), nullable=True),
        sa.Column("is_changed", sa.Boolean(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_run_events_run_id"),
        sa.PrimaryKeyConstraint("run_id", "counter", name="pk_run_events"),
    )
    counts = ("ok", "changed", "failed", "unreachable", "skipped")
    op.create_table(
        "run_hosts",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("host", sa.String(length=253), nullable=False),
        *(
            sa.Column(name, sa.Integer(), nullable=False)
            for name in (*counts, "rescued", "ignored")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_run_hosts_run_id"),
        sa.PrimaryKeyConstraint("run_id", "host", name="pk_run_hosts"),
    )
    op.create_table(
        "run_tasks",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("play", sa.Text(), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in counts),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_run_tasks_run_id"),
        sa.PrimaryKeyConstraint("run_id", "number", name="pk_run_tasks"),
    )
    op.create_table(
        "run_log_chunks",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_run_log_chunks_run_id"),
        sa.PrimaryKeyConstraint("run_id", "number", name="pk_run_log_chunks"),
    )
