# SPDX-License-Identifier: Apache-2.0
"""Actors: who acts, through which channel, and what they may do in which projects."""

import enum
from dataclasses import dataclass, field


class Role(enum.StrEnum):
    """What an account may do; an operator is no approver, unless he has that role too."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    APPROVER = "approver"
    ADMIN = "admin"

    def includes(self, other: "Role") -> bool:
        """Return whether who has this role may do all that the other one may."""
        return other in (self, Role.VIEWER) or self is Role.ADMIN


class Scope(enum.StrEnum):
    """How much of its account's roles a token may use; each one includes those before it."""

    VIEWER = "viewer"
    APPROVER = "approver"
    OPERATOR = "operator"
    ADMIN = "admin"

    def covers(self, needed: "Scope") -> bool:
        """Return whether this scope includes the other one."""
        order = list(Scope)
        return order.index(self) >= order.index(needed)

    def allows(self, role: Role) -> bool:
        """Return whether a token of this scope may use the role."""
        return self.covers(Scope(role.value))

    def list_roles(self) -> list[Role]:
        """Return the fewest roles with which an account may do all that this scope allows."""
        return {
            Scope.VIEWER: [Role.VIEWER],
            Scope.APPROVER: [Role.APPROVER],
            Scope.OPERATOR: [Role.OPERATOR, Role.APPROVER],
            Scope.ADMIN: [Role.ADMIN],
        }[self]


class Channel(enum.StrEnum):
    """The way by which a request came in; recorded as the client declares it, it grants nothing."""

    API = "api"
    CLI = "cli"
    ANSIBLE = "ansible"
    WORKER = "worker"
    SCHEDULE = "schedule"
    WEBHOOK = "webhook"
    WORKFLOW = "workflow"


#: A role, and the project in which it holds; None for all projects, and for what is of none.
Grant = tuple[Role, str | None]
#: All roles in all projects: only a scope bounds them.
EVERYWHERE: frozenset[Grant] = frozenset((role, None) for role in Role)


@dataclass(frozen=True)
class Actor:
    """Who acts: the account, the channel, and what it may do there.

    ``account`` is the person or program: what is recorded, and what four eyes are counted by.
    ``token`` is by what the account acts: the name of a token, or of a schedule.
    """

    account: str
    channel: Channel
    scope: Scope
    grants: frozenset[Grant] = field(default=EVERYWHERE, repr=False)
    token: str | None = None

    def may(self, role: Role, project: str | None) -> bool:
        """Return whether the actor has a role in a project; None for what belongs to none."""
        return self.scope.allows(role) and any(
            has.includes(role) and where in (None, project) for has, where in self.grants
        )

    def may_somewhere(self, role: Role) -> bool:
        """Return whether the actor has a role in any project."""
        return self.scope.allows(role) and any(has.includes(role) for has, _ in self.grants)

    def list_projects(self, role: Role = Role.VIEWER) -> frozenset[str] | None:
        """Return the projects in which the actor has a role; None for all, and what is of none."""
        if not self.scope.allows(role):
            return frozenset()
        found = {where for has, where in self.grants if has.includes(role)}
        return None if None in found else frozenset(name for name in found if name is not None)

    def describe(self) -> str:
        """Return who acts and what it may do, as the beginning of a sentence."""
        by = f", by token '{self.token}' of the scope {self.scope}," if self.token else ""
        if self.grants == EVERYWHERE:
            return f"'{self.account}' has the scope {self.scope}"
        places = sorted((where or "all projects", has.value) for has, where in self.grants)
        roles = ", ".join(f"{role} in {where}" for where, role in places) or "no role"
        return f"Account '{self.account}'{by} has {roles}"


#: What nobody's account is called: they act without one.
ANONYMOUS = "anonymous"
RESERVED_ACCOUNTS = frozenset({ANONYMOUS, "worker"})
