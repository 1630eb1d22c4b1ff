# SPDX-License-Identifier: Apache-2.0
"""Notifications and their deliveries; runs by the revision of their last change."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables, and the index by which ends of runs are found."""
    op.create_index("ix_runs_revision", "runs", ["revision"])
    op.create_table(
        "notifications",
        sa.Column("notification", sa.String(length=63), nullable=False),
        sa.Column("description", sa.String(length=255), nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("destination", sa.String(length=300), nullable=True),
        sa.Column("is_signed", sa.Boolean(), nullable=False),
        sa.Column("sealings", sa.Integer(), nullable=False),
        sa.Column("recipients", sa.JSON(), nullable=False),
        sa.Column("templates", sa.JSON(), nullable=False),
        sa.Column("states", sa.JSON(), nullable=False),
        sa.Column("is_paused", sa.Boolean(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=True),
        sa.Column("seen_revision", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("notification", name="pk_notifications"),
    )
    op.create_table(
        "notification_deliveries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("notification", sa.String(length=63), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("answer_code", sa.Integer(), nullable=True),
        sa.Column("last_error", sa.String(length=255), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["notification"],
            ["notifications.notification"],
            name="fk_notification_deliveries_notification",
        ),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_notification_deliveries_run_id"),
        sa.PrimaryKeyConstraint("id", name="pk_notification_deliveries"),
        sa.UniqueConstraint(
            "notification", "run_id", name="uq_notification_deliveries_notification_run_id"
        ),
    )
    op.create_index(
        "ix_notification_deliveries_state_due_at", "notification_deliveries", ["state", "due_at"]
    )


def downgrade() -> None:
    """Drop notifications with all their deliveries."""
    op.drop_table("notification_deliveries")
    op.drop_table("notifications")
    op.drop_index("ix_runs_revision", "runs")
