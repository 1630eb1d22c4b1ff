# SPDX-License-Identifier: Apache-2.0
"""Webhooks: signed requests from outside that order runs."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    _make_webhooks()
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("webhook", sa.String(length=63), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(length=1000), nullable=True),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["webhook"], ["webhooks.webhook"], name="fk_webhook_deliveries_webhook"
        ),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_webhook_deliveries_run_id"),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_deliveries"),
        sa.UniqueConstraint("webhook", "key", name="uq_webhook_deliveries_webhook_key"),
    )
    op.create_index(
        "ix_webhook_deliveries_webhook_received_at",
        "webhook_deliveries",
        ["webhook", "received_at"],
    )
    op.create_index("ix_webhook_deliveries_received_at", "webhook_deliveries", ["received_at"])


def _make_webhooks() -> None:
    op.create_table(
        "webhooks",
        sa.Column("webhook", sa.String(length=63), nullable=False),
        sa.Column("description", sa.String(length=255), nullable=True),
        sa.Column("template", sa.String(length=63), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("limit", sa.String(length=65536), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("skip_tags", sa.JSON(), nullable=False),
        sa.Column("check", sa.Boolean(), nullable=False),
        sa.Column("diff", sa.Boolean(), nullable=False),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.Column("sealed_answers", sa.Text(), nullable=True),
        sa.Column("values", sa.JSON(), nullable=False),
        sa.Column("conditions", sa.JSON(), nullable=False),
        sa.Column("is_paused", sa.Boolean(), nullable=False),
        sa.Column("account", sa.String(length=63), nullable=False),
        sa.Column("scope", sa.String(length=16), nullable=False),
        sa.Column("sealed_secrets", sa.Text(), nullable=True),
        sa.Column("secret_made_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("former_valid_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refusal", sa.String(length=255), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["template"], ["templates.template"], name="fk_webhooks_template"),
        sa.PrimaryKeyConstraint("webhook", name="pk_webhooks"),
    )
    op.create_index("ix_webhooks_template", "webhooks", ["template"])


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("webhook_deliveries")
    op.drop_table("webhooks")
