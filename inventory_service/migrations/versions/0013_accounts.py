# SPDX-License-Identifier: Apache-2.0
"""Tokens and schedules belong to accounts; each token that is there gets one with its rights."""

import re
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

#: What the scopes of tokens allowed until now, as roles.
_ROLES = {"viewer": ["viewer"], "operator": ["operator", "approver"], "admin": ["admin"]}
#: The token that a run gets for its playbook.
_OF_RUN = re.compile(r"run-([0-9]+)-[0-9]+")
#: To whom the tokens of runs belong whose requester is not known any more; it has no role.
_FORMER = "former-runs"
_ENDED = (
    "('successful', 'failed', 'unreachable', 'cancelled', 'timed_out', 'lost', 'rejected',"
    " 'expired')"
)
_WHO_SET = """
    SELECT subject, actor FROM audit_records
    WHERE noun = 'schedule' AND action IN ('register', 'change') ORDER BY id
"""


def upgrade() -> None:
    """Make the tables, and an account for each name of a token, with the roles of its scope."""
    _make_tables()
    op.add_column("audit_records", sa.Column("token", sa.String(length=63), nullable=True))
    op.add_column(
        "runs", sa.Column("scope", sa.String(length=16), server_default="operator", nullable=False)
    )
    op.add_column("tokens", sa.Column("account", sa.String(length=63), nullable=True))
    op.add_column("schedules", sa.Column("account", sa.String(length=63), nullable=True))
    _change_approver("approver_scope", "approver_role", {"operator": "approver"}, "approver")
    _fill()
    with op.batch_alter_table("tokens") as batch:
        batch.alter_column("account", existing_type=sa.String(length=63), nullable=False)
        batch.create_foreign_key("fk_tokens_account", "accounts", ["account"], ["account"])
    with op.batch_alter_table("schedules") as batch:
        batch.alter_column("account", existing_type=sa.String(length=63), nullable=False)
    op.create_index("ix_tokens_account", "tokens", ["account"])
    _rename("launch_scope", "launch_role")


def downgrade() -> None:
    """Drop the accounts: tokens have the rights of their scope again, everywhere."""
    _rename("launch_role", "launch_scope")
    op.execute("UPDATE templates SET launch_scope = 'operator' WHERE launch_scope = 'approver'")
    op.drop_index("ix_tokens_account", "tokens")
    # Who had no scope of that kind reads from now on.
    op.execute("UPDATE tokens SET scope = 'viewer' WHERE scope = 'approver'")
    op.execute("UPDATE schedules SET scope = 'viewer' WHERE scope = 'approver'")
    with op.batch_alter_table("tokens") as batch:
        batch.drop_constraint("fk_tokens_account", type_="foreignkey")
        batch.drop_column("account")
    op.drop_column("schedules", "account")
    _change_approver("approver_role", "approver_scope", {"approver": "operator"}, "operator")
    op.drop_column("runs", "scope")
    op.drop_column("audit_records", "token")
    op.drop_table("account_roles")
    op.drop_table("accounts")


def _make_tables() -> None:
    op.create_table(
        "accounts",
        sa.Column("account", sa.String(length=63), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("description", sa.String(length=255), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=63), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("disabled_by", sa.String(length=63), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("account", name="pk_accounts"),
    )
    op.create_table(
        "account_roles",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(length=63), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("project", sa.String(length=63), nullable=True),
        sa.ForeignKeyConstraint(["account"], ["accounts.account"], name="fk_account_roles_account"),
        sa.ForeignKeyConstraint(["project"], ["projects.project"], name="fk_account_roles_project"),
        sa.PrimaryKeyConstraint("id", name="pk_account_roles"),
    )
    op.create_index("ix_account_roles_project", "account_roles", ["project"])
    op.create_index(
        "ix_account_roles_account_role_project",
        "account_roles",
        ["account", "role", "project"],
        unique=True,
    )


def _rename(old: str, new: str) -> None:
    # Not by a copy of the table, to which runs refer.
    op.execute(f"ALTER TABLE templates RENAME COLUMN {old} TO {new}")


def _change_approver(old: str, new: str, values: dict[str, str], default: str) -> None:
    """Replace a column of templates and runs by one with other values."""
    op.add_column(
        "templates",
        sa.Column(new, sa.String(length=16), server_default=default, nullable=False),
    )
    op.add_column("runs", sa.Column(new, sa.String(length=16), nullable=True))
    for table in ("templates", "runs"):
        op.execute(f"UPDATE {table} SET {new} = {old}")  # noqa: S608 - names of this file
        for before, after in values.items():
            op.execute(f"UPDATE {table} SET {new} = '{after}' WHERE {new} = '{before}'")  # noqa: S608 - likewise
        op.drop_column(table, old)


def _fill() -> None:
    """Give each token and schedule its account, and each account the roles that it used."""
    connection = op.get_bind()
    tokens = connection.execute(
        sa.text("SELECT token_id, name, scope, created_by, expires_at, revoked_at FROM tokens")
    ).all()
    named = {row.name for row in tokens if not _is_of_run(row)}
    roles: dict[str, set[str]] = {name: set() for name in named}
    for row in tokens:
        if row.revoked_at is None and row.name in named:
            roles[row.name].update(_ROLES[row.scope])
    schedules = _find_makers(connection, roles)
    requesters = {
        row.id: row.requested_by
        for row in connection.execute(sa.text("SELECT id, requested_by FROM runs"))
    }
    owners = {
        row.token_id: row.name
        if row.name in named
        else _find_owner(row.name, requesters, schedules, roles)
        for row in tokens
    }
    if _FORMER in owners.values():
        roles.setdefault(_FORMER, set())
    _add_accounts(connection, roles)
    _set(connection, "UPDATE tokens SET account = :value WHERE token_id = :key", owners)
    _set(connection, "UPDATE schedules SET account = :value WHERE schedule = :key", schedules)
    waiting = connection.execute(
        sa.text(f"SELECT id, requested_by FROM runs WHERE state NOT IN {_ENDED}")  # noqa: S608 - a constant
    ).all()
    # Their playbooks get a token of who ordered them.
    owed = {
        row.id: _find_owner(f"run-{row.id}-1", requesters, schedules, roles)
        for row in waiting
        if row.requested_by not in roles
    }
    if _FORMER in owed.values() and _FORMER not in roles:
        _add_accounts(connection, {_FORMER: set()})
    _set(connection, "UPDATE runs SET requested_by = :value WHERE id = :key", owed)


def _is_of_run(row: sa.Row[tuple[object, ...]]) -> bool:
    return row.created_by == "worker" and _OF_RUN.fullmatch(row.name) is not None


def _find_makers(connection: sa.Connection, roles: dict[str, set[str]]) -> dict[str, str]:
    """Return who made each schedule; where no token tells, an account of its own with its scope."""
    found = connection.execute(sa.text("SELECT schedule, scope FROM schedules")).all()
    if not found:
        return {}
    makers: dict[str, str] = {row[0]: row[1] for row in connection.execute(sa.text(_WHO_SET))}
    owners = {}
    for row in found:
        owner = makers.get(row.schedule, "")
        if not set(_ROLES[row.scope]) <= roles.get(owner, set()):
            owner = f"schedule-{row.schedule}"
            roles[owner] = set(_ROLES[row.scope])
        owners[row.schedule] = owner
    return owners


def _find_owner(
    token: str,
    requesters: dict[int, str],
    schedules: dict[str, str],
    roles: dict[str, set[str]],
) -> str:
    """Return who ordered the run of a token, through runs that were ordered by runs."""
    for _ in range(len(requesters) + 1):
        match = _OF_RUN.fullmatch(token)
        who = requesters.get(int(match[1]), "") if match else ""
        owner = schedules.get(who.removeprefix("schedule-"), who)
        if owner in roles:
            return owner
        token = who
    return _FORMER


def _add_accounts(connection: sa.Connection, roles: dict[str, set[str]]) -> None:
    accounts = sa.table(
        "accounts",
        *(sa.column(name) for name in ("account", "kind", "created_by", "revision")),
        sa.column("created_at", sa.DateTime(timezone=True)),
    )
    grants = sa.table("account_roles", sa.column("account"), sa.column("role"))
    seen = connection.execute(sa.text("SELECT revision FROM fleet")).scalar_one()
    now = datetime.now(UTC)
    made = [
        {
            "account": name,
            "kind": "program",
            "created_by": "migration",
            "created_at": now,
            "revision": seen,
        }
        for name in sorted(roles)
    ]
    given = [
        {"account": name, "role": role} for name in sorted(roles) for role in sorted(roles[name])
    ]
    if made:
        connection.execute(accounts.insert(), made)
    if given:
        connection.execute(grants.insert(), given)


def _set(
    connection: sa.Connection, statement: str, values: dict[str, str] | dict[int, str]
) -> None:
    if values:
        rows = [{"key": key, "value": value} for key, value in values.items()]
        connection.execute(sa.text(statement), rows)
