# SPDX-License-Identifier: Apache-2.0
"""The key that a node's rotation changes to."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the column."""
    op.add_column("nodes", sa.Column("wireguard_next_public_key", sa.String(44), nullable=True))


def downgrade() -> None:
    """Drop the column; a rotation that is under way has to be started again."""
    op.drop_column("nodes", "wireguard_next_public_key")
