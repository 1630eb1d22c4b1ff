# SPDX-License-Identifier: Apache-2.0
"""Workflows: runs and approvals that follow each other."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "workflows",
        sa.Column("workflow", sa.String(length=63), nullable=False),
        sa.Column("description", sa.String(length=255), nullable=True),
        sa.Column("survey", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("launch_role", sa.String(length=16), nullable=False),
        sa.Column("steps", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("workflow", name="pk_workflows"),
    )
    _make_runs()
    _make_steps()


def _make_runs() -> None:
    op.create_table(
        "workflow_runs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workflow", sa.String(length=63), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("state_reason", sa.String(length=1000), nullable=True),
        sa.Column("steps", sa.JSON(), nullable=False),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.Column("sealed_answers", sa.Text(), nullable=True),
        sa.Column("reason", sa.String(length=1000), nullable=True),
        sa.Column("requested_by", sa.String(length=63), nullable=False),
        sa.Column("scope", sa.String(length=16), nullable=False),
        sa.Column("door", sa.String(length=16), nullable=False),
        sa.Column("relaunch_of", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workflow"], ["workflows.workflow"], name="fk_workflow_runs_workflow"
        ),
        sa.ForeignKeyConstraint(
            ["relaunch_of"], ["workflow_runs.id"], name="fk_workflow_runs_relaunch_of"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_workflow_runs"),
    )
    for column in ("workflow", "state", "revision"):
        op.create_index(f"ix_workflow_runs_{column}", "workflow_runs", [column])


def _make_steps() -> None:
    op.create_table(
        "workflow_steps",
        sa.Column("workflow_run_id", sa.Integer(), nullable=False),
        sa.Column("step", sa.String(length=63), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("state_reason", sa.String(length=1000), nullable=True),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("has_changed", sa.Boolean(), nullable=False),
        sa.Column("approvals_given", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["workflow_run_id"], ["workflow_runs.id"], name="fk_workflow_steps_workflow_run_id"
        ),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_workflow_steps_run_id"),
        sa.PrimaryKeyConstraint("workflow_run_id", "step", name="pk_workflow_steps"),
    )
    op.create_index("ix_workflow_steps_state_expires_at", "workflow_steps", ["state", "expires_at"])
    op.create_index("ix_workflow_steps_run_id", "workflow_steps", ["run_id"])
    op.create_table(
        "workflow_approvals",
        sa.Column("workflow_run_id", sa.Integer(), nullable=False),
        sa.Column("step", sa.String(length=63), nullable=False),
        sa.Column("approver", sa.String(length=63), nullable=False),
        sa.Column("door", sa.String(length=16), nullable=False),
        sa.Column("decision", sa.String(length=16), nullable=False),
        sa.Column("comment", sa.String(length=1000), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["workflow_run_id", "step"],
            ["workflow_steps.workflow_run_id", "workflow_steps.step"],
            name="fk_workflow_approvals_workflow_run_id_step",
        ),
        sa.PrimaryKeyConstraint(
            "workflow_run_id", "step", "approver", name="pk_workflow_approvals"
        ),
    )


def downgrade() -> None:
    """Drop the tables."""
    for table in ("workflow_approvals", "workflow_steps", "workflow_runs", "workflows"):
        op.drop_table(table)
