# SPDX-License-Identifier: Apache-2.0
"""Plans: a digest binds what a run would change to its input and to the content of its playbook."""

import hashlib
import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from inventory_service.runs.domain.events import RunEvent

_DIFF, _OK = "runner_on_file_diff", "runner_on_ok"
#: What else differs between two runs that would change the same: where Ansible keeps a file on its
#: way to a host, and times.
_PASSING = (
    (re.compile(r"(?:/[^\s/]+)*/ansible-(?:local|tmp)-[^\s/]+(?:/tmp[^\s/]+)?"), "TEMPORARY"),
    (re.compile(r"(?:/var)?/tmp/(?:tmp|ansible)[^\s/]+"), "TEMPORARY"),
    (
        re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?"),
        "TIME",
    ),
    (re.compile(r'("?[acm]time"?: )[0-9.]+'), r"\1TIME"),
)


@dataclass(frozen=True)
class PlanBasis:
    """What a plan rests on, each part as a digest."""

    #: Playbook, hosts, options, variables and answers.
    order: str
    #: The files that Ansible reads on the controller.
    playbook: str
    #: The variables and groups of the hosts.
    fleet: str

    def list_changes(self, present: Self) -> list[str]:
        """Return what is not as it was, by name."""
        then, now = asdict(self), asdict(present)
        return [name for name, kept in then.items() if now[name] != kept]


@dataclass(frozen=True)
class PlanResult:
    """What a plan that has ended well amounts to."""

    digest: str
    #: How many tasks would change something, each counted on each host.
    changes: int
    basis: PlanBasis

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> Self:
        """Return the result of what `asdict` returned."""
        return cls(found["digest"], found["changes"], PlanBasis(**found["basis"]))


class PlannedChanges:
    """Adds up what a check run reports that it would change."""

    def __init__(self) -> None:
        self.count = 0
        # By host, since its own events come in one order, and hosts take turns in any.
        self._hosts: dict[str, hashlib._Hash] = {}

    def add(self, events: Iterable[RunEvent]) -> None:
        """Add events in their order."""
        for event in events:
            if event.host and event.kind == _OK and event.is_changed:
                self.count += 1
                self._note(event, "")
            elif event.host and event.kind == _DIFF and event.text.strip():
                self._note(event, normalise_diff(event.text))

    def conclude(self, basis: PlanBasis) -> PlanResult:
        """Return the result of the plan."""
        changes = {host: found.hexdigest() for host, found in self._hosts.items()}
        bound = {"order": basis.order, "playbook": basis.playbook, "changes": changes}
        return PlanResult(_digest(bound), self.count, basis)

    def _note(self, event: RunEvent, diff: str) -> None:
        found = self._hosts.setdefault(event.host or "", hashlib.sha256())
        found.update(_encode([event.kind, event.play, event.task, diff]))


def normalise_diff(text: str) -> str:
    """Return a diff without what differs each time: times, and paths of temporary files."""
    for pattern, substitute in _PASSING:
        text = pattern.sub(substitute, text)
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def digest_order(
    playbook: str,
    hosts: Collection[str],
    *,
    options: Mapping[str, Any],
    variables: Mapping[str, Any],
    answers: Mapping[str, Any],
) -> str:
    """Return the digest of a run's input, which is the same for a plan and its application."""
    kept = {name: value for name, value in options.items() if name not in {"check", "diff"}}
    return _digest(
        {
            "playbook": playbook,
            "hosts": sorted(hosts),
            "options": kept,
            "variables": variables,
            "answers": answers,
        }
    )


def digest_fleet(inventory: Mapping[str, Any], hosts: Collection[str]) -> str:
    """Return the digest of what an inventory, as a script prints it, has on some hosts."""
    variables: Mapping[str, Any] = inventory["_meta"]["hostvars"]
    chosen = set(hosts)
    groups = {
        name: sorted(chosen.intersection(group.get("hosts", ())))
        for name, group in inventory.items()
        if name != "_meta"
    }
    return _digest(
        {
            "hostvars": {host: variables.get(host) for host in hosts},
            "groups": {name: members for name, members in groups.items() if members},
        }
    )


def _digest(document: Mapping[str, Any]) -> str:
    return hashlib.sha256(_encode(document)).hexdigest()


def _encode(document: object) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
