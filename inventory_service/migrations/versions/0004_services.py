# SPDX-License-Identifier: Apache-2.0
"""Services, and ports that are given to one of them."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_WITHOUT_SERVICE = sa.text("service IS NULL")
_OLD_UNIQUE = "uq_ports_project_environment_base_range"


def upgrade() -> None:
    """Make the table of services, and let a port belong to one of them."""
    op.create_table(
        "services",
        sa.Column("service", sa.String(length=63), nullable=False),
        sa.Column("project", sa.String(length=63), nullable=False),
        sa.Column("environment", sa.String(length=63), nullable=False),
        sa.Column("description", sa.String(length=255), nullable=True),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("protocol", sa.String(length=16), nullable=False),
        sa.Column("node_types", sa.JSON(), nullable=False),
        sa.Column("nodes", sa.JSON(), nullable=False),
        sa.Column("health_path", sa.String(length=255), nullable=True),
        sa.Column("scrape_job", sa.String(length=63), nullable=True),
        sa.Column("metrics_path", sa.String(length=255), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["project"], ["projects.project"], name="fk_services_project"),
        sa.ForeignKeyConstraint(
            ["environment"], ["environments.environment"], name="fk_services_environment"
        ),
        sa.PrimaryKeyConstraint("service", name="pk_services"),
    )
    for column in ("project", "environment", "scrape_job"):
        op.create_index(f"ix_services_{column}", "services", [column])
    with op.batch_alter_table("ports") as ports:
        ports.add_column(sa.Column("service", sa.String(length=63), nullable=True))
        ports.drop_constraint(_OLD_UNIQUE, type_="unique")
        ports.create_unique_constraint(
            "uq_ports_project_environment_service_base_range",
            ["project", "environment", "service", "base", "range"],
        )
    op.create_index(
        "uq_ports_without_service",
        "ports",
        ["project", "environment", "base", "range"],
        unique=True,
        sqlite_where=_WITHOUT_SERVICE,
        postgresql_where=_WITHOUT_SERVICE,
    )


def downgrade() -> None:
    """Drop services and their ports; those of projects stay."""
    op.execute("DELETE FROM ports WHERE service IS NOT NULL")
    op.drop_index("uq_ports_without_service", "ports")
    with op.batch_alter_table("ports") as ports:
        ports.drop_constraint("uq_ports_project_environment_service_base_range", type_="unique")
        ports.drop_column("service")
        ports.create_unique_constraint(_OLD_UNIQUE, ["project", "environment", "base", "range"])
    op.drop_table("services")
