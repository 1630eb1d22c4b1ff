# SPDX-License-Identifier: Apache-2.0
"""The plan that follows from a projects.csv and from the nodes that the fleet has.

Projects that a file does not name are left alone; 0 servers ends a project.
"""

import hashlib
import itertools
import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Literal

from pydantic import Field

from inventory_service.core.errors import Conflict
from inventory_service.core.field_types import Label, Reason
from inventory_service.core.inputs import Input
from inventory_service.imports.domain.projects_csv import ProjectRow

#: A file of 10,000 servers has some 4 million; QM_MAX_BODY_BYTES limits the body as a whole.
MOST_CHARACTERS = 6_000_000


class ImportRequest(Input):
    """A file to plan from, and whether to record the plan."""

    format: Literal["csv", "terraform", "nodes"] = Field(
        default="csv",
        description="'csv' is a projects.csv, 'terraform' what Terraform wrote, 'nodes' an array",
    )
    content: str = Field(max_length=MOST_CHARACTERS)
    cluster: Label | None = Field(
        default=None,
        description="of the nodes for which the file names none; may be left out if there is one",
    )
    provider: Label = Field(
        default="docker",
        description="who makes the servers; for csv only",
    )
    apply: bool = False
    plan_digest: str | None = Field(
        default=None,
        max_length=64,
        description="refuse with 409 if the plan is not the one with this digest any more",
    )
    max_retire: int | None = Field(
        default=None,
        ge=0,
        description="for csv only: how many nodes it may retire; without it up to a third of "
        "the live nodes of each environment",
    )
    reason: Reason | None = None


@dataclass(frozen=True)
class WantedNode:
    """A node that the file asks for."""

    node_id: str
    node_type: str
    project: str
    environment: str
    region: str | None
    spec: str


@dataclass(frozen=True)
class KnownNode:
    """A node that the fleet has from an earlier file.

    ``is_held`` marks a retired one whose server still exists: its name can't be given again.
    """

    node_id: str
    node_type: str
    project: str
    environment: str
    spec: str | None
    state: str = "planned"
    is_held: bool = False
    region: str | None = None


@dataclass(frozen=True)
class Retirement:
    """A node that would be retired, with what shows whether that is meant."""

    node_id: str
    node_type: str
    project: str
    environment: str
    state: str


@dataclass(frozen=True)
class RetirementShare:
    """How many of the live nodes of an environment would be retired."""

    environment: str
    retire: int
    live: int

    @property
    def is_large(self) -> bool:
        """Return whether these are more than a third: a file with a mistake ends projects."""
        return self.retire > self.live // 3


@dataclass(frozen=True)
class Resize:
    """A node that would get another size."""

    node_id: str
    from_spec: str | None
    to_spec: str


@dataclass(frozen=True)
class Difference:
    """A value of the file that a node does not have, and that no import changes."""

    node_id: str
    field: str
    recorded: str | None
    file: str


@dataclass
class Plan:
    """What would be recorded; ``digest`` names exactly this plan.

    ``shares``, ``differences`` and the new names are about the fleet beside the file, so the digest
    leaves them out.
    """

    add: list[WantedNode] = field(default_factory=list)
    resize: list[Resize] = field(default_factory=list)
    retire: list[str] = field(default_factory=list)
    unchanged: int = 0
    retirements: list[Retirement] = field(default_factory=list)
    shares: list[RetirementShare] = field(default_factory=list)
    new_projects: list[str] = field(default_factory=list)
    new_environments: list[str] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)

    @property
    def digest(self) -> str:
        """Return a hash of all that the plan would do."""
        fields = asdict(self)
        done = {name: fields[name] for name in ("add", "resize", "retire", "unchanged")}
        return hashlib.sha256(json.dumps(done, sort_keys=True).encode()).hexdigest()[:32]


def check_retirements(plan: Plan, max_retire: int | None) -> None:
    """Raise Conflict if the plan retires more nodes than it may.

    :raises Conflict: it retires more than ``max_retire``, or, where that is None, more than a third
        of the live nodes of an environment.
    """
    number = len(plan.retire)
    large = ", ".join(
        f"{share.retire} of {share.live} live nodes of environment '{share.environment}'"
        for share in plan.shares
        if share.is_large
    )
    if max_retire is None and large:
        raise Conflict(
            f"The plan retires {large}, more than a third. Nothing was changed. If that is meant, "
            f"name the number of nodes: max_retire {number} (`--max-retire {number}`)."
        )
    if max_retire is not None and number > max_retire:
        raise Conflict(
            f"The plan retires {number} nodes, and max_retire is {max_retire}. Nothing was "
            f"changed. Correct the file, or name the number: `--max-retire {number}`."
        )


def plan_projects(rows: Iterable[ProjectRow], known: Iterable[KnownNode]) -> Plan:
    """Return what must be recorded so that the fleet has what the rows ask for."""
    of: dict[tuple[str, str], list[KnownNode]] = defaultdict(list)
    for node in known:
        of[node.project, node.environment].append(node)
    plan = Plan()
    for row in rows:
        nodes = of[row.project, row.environment]
        _plan_kind(plan, row, _Kind("master", min(row.servers, 1), row.master_spec), nodes)
        _plan_kind(plan, row, _Kind("web", max(row.servers - 1, 0), row.web_spec), nodes)
    plan.retirements.sort(key=lambda retirement: retirement.node_id)
    plan.retire = [retirement.node_id for retirement in plan.retirements]
    return plan


@dataclass(frozen=True)
class _Kind:
    """How many nodes of one type a row asks for, and of which size."""

    node_type: str
    count: int
    spec: str


def _plan_kind(plan: Plan, row: ProjectRow, kind: _Kind, nodes: Iterable[KnownNode]) -> None:
    """Add to the plan what one kind of node of one row needs."""
    mine = [node for node in nodes if node.node_type == kind.node_type]
    live = sorted((node for node in mine if not node.is_held), key=_by_number)
    kept = live[: kind.count]
    resized = [node for node in kept if node.spec != kind.spec]
    plan.retirements.extend(
        Retirement(node.node_id, node.node_type, node.project, node.environment, node.state)
        for node in live[kind.count :]
    )
    plan.resize.extend(Resize(node.node_id, node.spec, kind.spec) for node in resized)
    plan.unchanged += len(kept) - len(resized)
    plan.differences.extend(
        # A server stays where it is; what is on record may be wrong, or the file.
        Difference(node.node_id, "region", node.region, row.region)
        for node in kept
        if row.region and node.region != row.region
    )
    taken = {node.node_id for node in mine}
    stem = f"{row.project}-{row.environment}-{kind.node_type}"
    for _ in range(kind.count - len(kept)):
        name = _next_free(stem, kind.node_type, taken)
        taken.add(name)
        plan.add.append(
            WantedNode(name, kind.node_type, row.project, row.environment, row.region, kind.spec)
        )


def _next_free(stem: str, node_type: str, taken: set[str]) -> str:
    for number in itertools.count(1):
        # A project has one master, so its name needs no number until an old server goes.
        name = stem if node_type == "master" and number == 1 else f"{stem}-{number}"
        if name not in taken:
            return name
    raise AssertionError("numbers do not end")


def _by_number(node: KnownNode) -> tuple[int, str]:
    tail = node.node_id.rpartition("-")[2]
    return (int(tail) if tail.isdigit() else 0, node.node_id)
