# SPDX-License-Identifier: Apache-2.0
"""Runs that ended badly are tried again by themselves, as their template has it."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def _list_policy(pause_s: str) -> list[sa.Column[object]]:
    return [
        sa.Column("retries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("retry_pause_s", sa.Integer(), server_default=pause_s, nullable=False),
        sa.Column("retry_hosts", sa.String(length=16), server_default="failed", nullable=False),
    ]


def _list_run_columns() -> list[sa.Column[object]]:
    return [
        *_list_policy("0"),
        sa.Column("retry_of", sa.Integer(), sa.ForeignKey("runs.id", name="fk_runs_retry_of")),
        sa.Column("retry_no", sa.Integer(), server_default="0", nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
    ]


def upgrade() -> None:
    """Add the columns; what is there is not tried again."""
    for column in _list_policy("60"):
        op.add_column("templates", column)
    for column in _list_run_columns():
        # Not by a copy of the table, which SQLite could not drop: events refer to its rows.
        op.add_column("runs", column, inline_references=True)
    op.create_index("ix_runs_retry_of", "runs", ["retry_of"])


def downgrade() -> None:
    """Drop them; attempts stay as runs of their own."""
    op.drop_index("ix_runs_retry_of", "runs")
    for column in reversed(_list_run_columns()):
        op.drop_column("runs", column.name)
    for column in reversed(_list_policy("60")):
        op.drop_column("templates", column.name)
