# SPDX-License-Identifier: Apache-2.0
"""Runs can be split into slices, which have a snapshot of the inventory in common."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and the tables; what is there is not sliced."""
    op.add_column(
        "templates", sa.Column("slices", sa.Integer(), server_default="1", nullable=False)
    )
    op.add_column(
        "templates",
        sa.Column("force_slices", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.add_column("runs", sa.Column("slice_no", sa.Integer(), nullable=True))
    op.add_column(
        "runs", sa.Column("slice_count", sa.Integer(), server_default="0", nullable=False)
    )
    # Not by a copy of the table, which SQLite could not drop: events refer to its rows.
    slice_of = sa.Column(
        "slice_of", sa.Integer(), sa.ForeignKey("runs.id", name="fk_runs_slice_of")
    )
    op.add_column("runs", slice_of, inline_references=True)
    op.create_index("ix_runs_slice_of", "runs", ["slice_of"])
    op.create_table(
        "run_snapshots",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_run_snapshots_run_id"),
        sa.PrimaryKeyConstraint("run_id", name="pk_run_snapshots"),
    )
    op.create_table(
        "run_slice_batches",
        sa.Column("slice_of", sa.Integer(), nullable=False),
        sa.Column("last_position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("first_counter", sa.Integer(), nullable=False),
        sa.Column("last_counter", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["slice_of"], ["runs.id"], name="fk_run_slice_batches_slice_of"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_run_slice_batches_run_id"),
        sa.PrimaryKeyConstraint("slice_of", "last_position", name="pk_run_slice_batches"),
    )
    op.create_index("ix_run_slice_batches_run_id", "run_slice_batches", ["run_id"])


def downgrade() -> None:
    """Drop them; the slices stay as runs of their own."""
    op.drop_table("run_slice_batches")
    op.drop_table("run_snapshots")
    op.drop_index("ix_runs_slice_of", "runs")
    op.drop_column("runs", "slice_of")
    op.drop_column("runs", "slice_count")
    op.drop_column("runs", "slice_no")
    op.drop_column("templates", "force_slices")
    op.drop_column("templates", "slices")
