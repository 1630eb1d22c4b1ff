# SPDX-License-Identifier: Apache-2.0
"""Audit records are found by who, what, on what and when; the oldest may be forgotten."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_TABLE = "audit_records"
_INDEXES = {
    "ix_audit_records_at": ["at", "id"],
    "ix_audit_records_actor": ["actor", "at", "id"],
    "ix_audit_records_action": ["action", "at", "id"],
    "ix_audit_records_noun": ["noun", "at", "id"],
    "ix_audit_records_subject": ["subject", "noun", "at", "id"],
}


def upgrade() -> None:
    """Make the indexes, and count what was forgotten; until now nothing was."""
    op.drop_index("ix_audit_records_subject", _TABLE)
    for name, columns in _INDEXES.items():
        op.create_index(name, _TABLE, columns)
    op.add_column(
        "fleet", sa.Column("forgotten_revision", sa.Integer(), server_default="0", nullable=False)
    )


def downgrade() -> None:
    """Drop what upgrade made; who asks for pruned changes no longer gets 410."""
    op.drop_column("fleet", "forgotten_revision")
    for name in _INDEXES:
        op.drop_index(name, _TABLE)
    op.create_index("ix_audit_records_subject", _TABLE, ["noun", "subject"])
