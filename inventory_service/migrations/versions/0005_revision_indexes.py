# SPDX-License-Identifier: Apache-2.0
"""What has changed after a revision is found without reading all that has not."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the indexes."""
    op.create_index("ix_nodes_revision", "nodes", ["revision"])
    op.create_index("ix_audit_records_revision_id", "audit_records", ["revision", "id"])


def downgrade() -> None:
    """Drop the indexes."""
    op.drop_index("ix_audit_records_revision_id", "audit_records")
    op.drop_index("ix_nodes_revision", "nodes")
