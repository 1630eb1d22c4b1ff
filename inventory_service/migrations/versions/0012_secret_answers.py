# SPDX-License-Identifier: Apache-2.0
"""Secret answers of runs and schedules, encrypted."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    for table in ("runs", "schedules"):
        op.add_column(table, sa.Column("sealed_answers", sa.Text(), nullable=True))


def downgrade() -> None:
    """Drop the columns; who goes back loses the secret answers."""
    for table in ("runs", "schedules"):
        op.drop_column(table, "sealed_answers")
