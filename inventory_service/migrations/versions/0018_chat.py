# SPDX-License-Identifier: Apache-2.0
"""Chat: identities, the codes by which they are linked, requests that were seen, and messages."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "chat_identities",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("platform", sa.String(length=16), nullable=False),
        sa.Column("team_id", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.Column("account", sa.String(length=63), nullable=False),
        sa.Column("scope", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=63), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account"], ["accounts.account"], name="fk_chat_identities_account"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_chat_identities"),
        sa.UniqueConstraint(
            "platform", "team_id", "user_id", name="uq_chat_identities_platform_team_id_user_id"
        ),
    )
    op.create_table(
        "chat_link_codes",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("platform", sa.String(length=16), nullable=False),
        sa.Column("team_id", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.Column("user_name", sa.String(length=64), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_chat_link_codes"),
    )
    op.create_table(
        "chat_requests",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_chat_requests"),
    )
    op.create_index("ix_chat_requests_at", "chat_requests", ["at"])
    op.create_table(
        "chat_messages",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("platform", sa.String(length=16), nullable=False),
        sa.Column("team_id", sa.String(length=64), nullable=False),
        sa.Column("channel_id", sa.String(length=64), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("content", sa.JSON(), nullable=True),
        sa.Column("way", sa.String(length=8), nullable=False),
        sa.Column("sealed_reply", sa.Text(), nullable=True),
        sa.Column("replaces", sa.Boolean(), nullable=False),
        sa.Column("post_id", sa.String(length=64), nullable=True),
        sa.Column("shown", sa.String(length=64), nullable=True),
        sa.Column("seen_state", sa.String(length=20), nullable=True),
        sa.Column("seen_reason", sa.String(length=1000), nullable=True),
        sa.Column("seen_revision", sa.Integer(), nullable=True),
        sa.Column("seen_events", sa.Integer(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.String(length=255), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_chat_messages_run_id"),
        sa.PrimaryKeyConstraint("id", name="pk_chat_messages"),
    )
    op.create_index("ix_chat_messages_post_id", "chat_messages", ["post_id"])
    op.create_index(
        "ix_chat_messages_platform_ended_at_due_at",
        "chat_messages",
        ["platform", "ended_at", "due_at"],
    )


def downgrade() -> None:
    """Drop chat with all its identities."""
    op.drop_table("chat_messages")
    op.drop_table("chat_requests")
    op.drop_table("chat_link_codes")
    op.drop_table("chat_identities")
