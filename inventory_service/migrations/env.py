# SPDX-License-Identifier: Apache-2.0
"""How Alembic meets our tables: the connection is handed in by ``core/database/schema.py``."""

from alembic import context

from inventory_service.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    # SQLite changes tables by copying them.
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
