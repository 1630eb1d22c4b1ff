# SPDX-License-Identifier: Apache-2.0
"""Nodes, clusters, projects, ports, tokens and their records."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_LIVE = sa.text("state <> 'retired'")
_TABLES = (
    "audit_records",
    "clusters",
    "fleet",
    "ports",
    "projects",
    "tokens",
    "nodes",
    "address_leases",
    "transitions",
)


def upgrade() -> None:
    """Make the first tables, and the one row that counts changes."""
    _create_audit_records()
    _create_clusters()
    _create_fleet()
    _create_ports()
    _create_projects()
    _create_tokens()
    _create_nodes()
    _create_address_leases()
    _create_transitions()
    op.execute("INSERT INTO fleet (id, revision) VALUES (1, 0)")


def downgrade() -> None:
    """Drop all tables, each before those that it refers to; indexes go with their tables."""
    for table in reversed(_TABLES):
        op.drop_table(table)


def _create_audit_records() -> None:
    op.create_table(
        "audit_records",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=63), nullable=False),
        sa.Column("door", sa.String(length=16), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("noun", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("before", sa.JSON(), nullable=True),
        sa.Column("after", sa.JSON(), nullable=True),
        sa.Column("reason", sa.String(length=1000), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_records"),
    )
    op.create_index("ix_audit_records_subject", "audit_records", ["noun", "subject"], unique=False)


def _create_clusters() -> None:
    op.create_table(
        "clusters",
        sa.Column("cluster_id", sa.String(length=63), nullable=False),
        sa.Column("cluster_type", sa.String(length=16), nullable=False),
        sa.Column("region", sa.String(length=63), nullable=True),
        sa.Column("mesh_prefix", sa.String(length=49), nullable=False),
        sa.Column("mesh_port", sa.Integer(), nullable=False),
        sa.Column("next_offset", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("cluster_id", name="pk_clusters"),
    )


def _create_fleet() -> None:
    op.create_table(
        "fleet",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_fleet"),
    )


def _create_ports() -> None:
    op.create_table(
        "ports",
        sa.Column("port", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("project", sa.String(length=63), nullable=False),
        sa.Column("environment", sa.String(length=63), nullable=False),
        sa.Column("base", sa.Integer(), nullable=False),
        sa.Column("range", sa.Integer(), nullable=False),
        sa.Column("preferred", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("port", name="pk_ports"),
        sa.UniqueConstraint(
            "project",
            "environment",
            "base",
            "range",
            name="uq_ports_project_environment_base_range",
        ),
    )


def _create_projects() -> None:
    op.create_table(
        "projects",
        sa.Column("project", sa.String(length=63), nullable=False),
        sa.Column("description", sa.String(length=255), nullable=True),
        sa.Column("owner", sa.String(length=255), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("project", name="pk_projects"),
    )


def _create_tokens() -> None:
    op.create_table(
        "tokens",
        sa.Column("token_id", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.Column("scope", sa.String(length=16), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=63), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_by", sa.String(length=63), nullable=True),
        sa.PrimaryKeyConstraint("token_id", name="pk_tokens"),
    )


def _create_nodes() -> None:
    op.create_table(
        "nodes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("node_id", sa.String(length=63), nullable=False),
        sa.Column("node_type", sa.String(length=63), nullable=False),
        sa.Column("cluster_id", sa.String(length=63), nullable=False),
        sa.Column("region", sa.String(length=63), nullable=True),
        sa.Column("environment", sa.String(length=63), nullable=True),
        sa.Column("project", sa.String(length=63), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("internal_ip", sa.String(length=45), nullable=True),
        sa.Column("external_ip", sa.String(length=45), nullable=True),
        sa.Column("wireguard_ip", sa.String(length=45), nullable=True),
        sa.Column("wireguard_public_key", sa.String(length=44), nullable=True),
        sa.Column("provider", sa.String(length=63), nullable=True),
        sa.Column("provider_id", sa.String(length=255), nullable=True),
        sa.Column("spec", sa.String(length=63), nullable=True),
        sa.Column("provisioned_spec", sa.String(length=63), nullable=True),
        sa.Column("image", sa.String(length=255), nullable=True),
        sa.Column("ssh_host_keys", sa.JSON(), nullable=False),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("vars", sa.JSON(), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("last_seen", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["cluster_id"], ["clusters.cluster_id"], name="fk_nodes_cluster_id"
        ),
        sa.ForeignKeyConstraint(["project"], ["projects.project"], name="fk_nodes_project"),
        sa.PrimaryKeyConstraint("id", name="pk_nodes"),
    )
    op.create_index("ix_nodes_cluster_id", "nodes", ["cluster_id"], unique=False)
    op.create_index("ix_nodes_external_ip", "nodes", ["external_ip"], unique=False)
    op.create_index("ix_nodes_internal_ip", "nodes", ["internal_ip"], unique=False)
    op.create_index("ix_nodes_node_id", "nodes", ["node_id"], unique=False)
    op.create_index("ix_nodes_project", "nodes", ["project"], unique=False)
    op.create_index("ix_nodes_state", "nodes", ["state"], unique=False)
    op.create_index(
        "uq_nodes_live_node_id",
        "nodes",
        ["node_id"],
        unique=True,
        sqlite_where=_LIVE,
        postgresql_where=_LIVE,
    )
    op.create_index(
        "uq_nodes_live_wireguard_public_key",
        "nodes",
        ["wireguard_public_key"],
        unique=True,
        sqlite_where=_LIVE,
        postgresql_where=_LIVE,
    )


def _create_address_leases() -> None:
    op.create_table(
        "address_leases",
        sa.Column("cluster_id", sa.String(length=63), nullable=False),
        sa.Column("address", sa.String(length=45), nullable=False),
        sa.Column("node_pk", sa.Integer(), nullable=False),
        sa.Column("leased_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["cluster_id"], ["clusters.cluster_id"], name="fk_address_leases_cluster_id"
        ),
        sa.ForeignKeyConstraint(["node_pk"], ["nodes.id"], name="fk_address_leases_node_pk"),
        sa.PrimaryKeyConstraint("cluster_id", "address", name="pk_address_leases"),
    )
    op.create_index("ix_address_leases_node_pk", "address_leases", ["node_pk"], unique=False)
    op.create_index(
        "ix_address_leases_released", "address_leases", ["cluster_id", "released_at"], unique=False
    )


def _create_transitions() -> None:
    op.create_table(
        "transitions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("node_pk", sa.Integer(), nullable=False),
        sa.Column("node_id", sa.String(length=63), nullable=False),
        sa.Column("from_state", sa.String(length=16), nullable=False),
        sa.Column("to_state", sa.String(length=16), nullable=False),
        sa.Column("actor", sa.String(length=63), nullable=False),
        sa.Column("door", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=1000), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["node_pk"], ["nodes.id"], name="fk_transitions_node_pk"),
        sa.PrimaryKeyConstraint("id", name="pk_transitions"),
    )
    op.create_index("ix_transitions_node_pk", "transitions", ["node_pk"], unique=False)
