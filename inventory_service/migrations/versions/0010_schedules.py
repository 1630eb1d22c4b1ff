# SPDX-License-Identifier: Apache-2.0
"""Schedules: runs that are ordered at set times."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "schedules",
        sa.Column("schedule", sa.String(length=63), nullable=False),
        sa.Column("description", sa.String(length=255), nullable=True),
        sa.Column("template", sa.String(length=63), nullable=False),
        sa.Column("limit", sa.String(length=65536), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("skip_tags", sa.JSON(), nullable=False),
        sa.Column("check", sa.Boolean(), nullable=False),
        sa.Column("diff", sa.Boolean(), nullable=False),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.Column("cron", sa.String(length=255), nullable=True),
        sa.Column("time_zone", sa.String(length=63), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=True),
        sa.Column("jitter_s", sa.Integer(), nullable=False),
        sa.Column("catch_up", sa.String(length=16), nullable=False),
        sa.Column("is_paused", sa.Boolean(), nullable=False),
        sa.Column("scope", sa.String(length=16), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_run_id", sa.Integer(), nullable=True),
        sa.Column("last_problem", sa.String(length=1000), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["template"], ["templates.template"], name="fk_schedules_template"),
        sa.ForeignKeyConstraint(["last_run_id"], ["runs.id"], name="fk_schedules_last_run_id"),
        sa.PrimaryKeyConstraint("schedule", name="pk_schedules"),
    )
    for column in ("template", "next_at", "planned_at"):
        op.create_index(f"ix_schedules_{column}", "schedules", [column])


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("schedules")
