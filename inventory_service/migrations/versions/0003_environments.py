# SPDX-License-Identifier: Apache-2.0
"""Environments on record: the four that every fleet has, and those that are in use already."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_FIRST = {
    "prod": "What customers use",
    "uat": "Where a change is accepted",
    "staging": "The last step before prod",
    "test": "Where a change is tried",
}
_USED = """
    SELECT environment FROM nodes WHERE environment IS NOT NULL
    UNION SELECT environment FROM ports
"""


def upgrade() -> None:
    """Make the table, and fill it."""
    environments = op.create_table(
        "environments",
        sa.Column("environment", sa.String(length=63), nullable=False),
        sa.Column("description", sa.String(length=255), nullable=True),
        sa.Column("owner", sa.String(length=255), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("environment", name="pk_environments"),
    )
    op.create_index("ix_nodes_environment", "nodes", ["environment"])
    connection = op.get_bind()
    used = set(connection.execute(sa.text(_USED)).scalars())
    seen = connection.execute(sa.text("SELECT revision FROM fleet")).scalar_one()
    op.bulk_insert(
        environments,
        [
            {
                "environment": name,
                "description": _FIRST.get(name),
                "created_at": datetime.now(UTC),
                "revision": seen,
            }
            for name in sorted(used | _FIRST.keys())
        ],
    )


def downgrade() -> None:
    """Drop the table; nodes and ports keep the names of their environments."""
    op.drop_index("ix_nodes_environment", "nodes")
    op.drop_table("environments")
