# SPDX-License-Identifier: Apache-2.0
"""Runs may be plans, which people approve before they are applied."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def _list_template_columns() -> list[sa.Column[object]]:
    return [
        sa.Column("approvals_needed", sa.Integer(), server_default="0", nullable=False),
        sa.Column(
            "approver_scope", sa.String(length=16), server_default="operator", nullable=False
        ),
        sa.Column("approval_expiry_s", sa.Integer(), server_default="86400", nullable=False),
    ]


def _list_run_columns() -> list[sa.Column[object]]:
    return [
        sa.Column("is_plan", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("plan_of", sa.Integer(), sa.ForeignKey("runs.id", name="fk_runs_plan_of")),
        sa.Column("digest", sa.String(length=64), nullable=True),
        sa.Column("changes", sa.Integer(), nullable=True),
        sa.Column("basis", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("approvals_needed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("approvals_given", sa.Integer(), server_default="0", nullable=False),
        sa.Column("approver_scope", sa.String(length=16), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
    ]


def upgrade() -> None:
    """Make the table and the columns; no template needs approvals, and no run is a plan."""
    for column in _list_template_columns():
        op.add_column("templates", column)
    for column in _list_run_columns():
        # Not by a copy of the table, which SQLite could not drop: events refer to its rows.
        op.add_column("runs", column, inline_references=True)
    op.create_index("ix_runs_plan_of", "runs", ["plan_of"])
    op.create_table(
        "approvals",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("approver", sa.String(length=63), nullable=False),
        sa.Column("door", sa.String(length=16), nullable=False),
        sa.Column("decision", sa.String(length=16), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("comment", sa.String(length=1000), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_approvals_run_id"),
        sa.PrimaryKeyConstraint("run_id", "approver", name="pk_approvals"),
    )


def downgrade() -> None:
    """Drop what upgrade made: runs that were plans stay as the check runs that they are."""
    op.drop_table("approvals")
    op.drop_index("ix_runs_plan_of", "runs")
    for column in reversed(_list_run_columns()):
        op.drop_column("runs", column.name)
    for column in reversed(_list_template_columns()):
        op.drop_column("templates", column.name)
