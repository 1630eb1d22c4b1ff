# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an order of a run would do, as far as it can be known without ordering."""

from __future__ import annotations

import fnmatch
import re
import typing as t

from .client import Client, segment
from .runs import ENDED, path_of

TEMPLATES = "/api/v1/templates"
INVENTORY = "/api/v1/inventory"
SEPARATORS = re.compile(r"[,:\s]+")
PATTERN = re.compile(r"!?[A-Za-z0-9_*?][A-Za-z0-9_.*?-]{0,252}")


class OrderRefused(Exception):
    """The service would refuse an order, and why."""


def foretell_run(client: Client, order: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return the run that an order would give: the fields that are known before it is recorded.

    :raises OrderRefused: the template is retired, needs a limit, has other tags, has no such
        question, or has one without an answer; or the limit selects no node.
    :raises ClientError: as `Client.json`; with status 404 if there is no such template.
    """
    name = order["template"]
    template = client.json("GET", f"{TEMPLATES}/{segment(name)}")
    if template["retired_at"]:
        raise OrderRefused(f"Template {name!r} is retired. `qm template list` shows the others.")
    limit = order.get("limit", "")
    if template["requires_limit"] and not _split(limit)[0]:
        raise OrderRefused(f"Runs of {name!r} need a limit that names the nodes to have.")
    for tag in order.get("tags", []):
        if template["tags"] and tag not in template["tags"]:
            known = ", ".join(template["tags"])
            raise OrderRefused(f"Runs of {name!r} have the tags {known}; {tag!r} is none of them.")
    answers = order.get("answers", {})
    _check_questions(name, template["survey"] or {}, answers)
    hosts = select_hosts(limit, _list_groups(client, template["filters"]))
    return {
        "template": name,
        "playbook": template["playbook"],
        "limit": limit,
        "hosts": hosts,
        "host_count": len(hosts),
        "answers": answers,
    }


def foretell_relaunch(client: Client, run_id: int, hosts: str) -> dict[str, t.Any]:
    """Return the run that a relaunch of `all` or of the `failed` hosts would give.

    :raises OrderRefused: the run has not ended, or none of its nodes failed.
    :raises ClientError: as `Client.json`; with status 404 if there is no such run.
    """
    run = client.json("GET", path_of(run_id))
    if run["state"] not in ENDED:
        raise OrderRefused(f"Run {run_id} is {run['state']}. Relaunch it when it has ended.")
    names = run["hosts"]
    if hosts == "failed":
        results = client.json("GET", path_of(run_id, "hosts"))["items"]
        failed = {one["host"] for one in results if one["failed"] or one["unreachable"]}
        names = [name for name in names if name in failed]
        if not names:
            raise OrderRefused(f"No node of run {run_id} failed or was unreachable.")
    kept = {name: run[name] for name in ("template", "playbook", "limit", "answers")}
    return {**kept, "hosts": names, "host_count": len(names), "relaunch_of": run_id}


def select_hosts(limit: str, groups: t.Mapping[str, t.Collection[str]]) -> list[str]:
    """Return the names of the hosts that a limit selects, as the service resolves it.

    `groups` has for each host the groups that it is in.

    :raises OrderRefused: a pattern is no pattern or matches no host, or all leave none.
    """
    wanted, unwanted = _split(limit)
    if limit and not wanted and not unwanted:
        raise OrderRefused("The limit has no pattern; leave it out to select all.")
    chosen: set[str] = set()
    for pattern in wanted or ["all"]:
        found = {host for host in groups if _fits(pattern, host, groups[host])}
        if not found:
            raise OrderRefused(
                f"The limit has {pattern!r}, which matches no node that the template allows."
            )
        chosen |= found
    left = [
        host
        for host in sorted(chosen)
        if not any(_fits(pattern, host, groups[host]) for pattern in unwanted)
    ]
    if not left:
        raise OrderRefused("The limit leaves no node.")
    return left


def _split(limit: str) -> tuple[list[str], list[str]]:
    """Return the patterns of a limit that select, and those that leave out."""
    patterns = [word for word in SEPARATORS.split(limit) if word]
    for pattern in patterns:
        if not PATTERN.fullmatch(pattern):
            raise OrderRefused(f"The limit has {pattern!r}, which is no pattern.")
    wanted = [pattern for pattern in patterns if not pattern.startswith("!")]
    return wanted, [pattern[1:] for pattern in patterns if pattern.startswith("!")]


def _fits(pattern: str, host: str, groups: t.Collection[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for name in (host, "all", *groups))


def _check_questions(
    name: str, survey: t.Mapping[str, t.Any], answers: t.Mapping[str, t.Any]
) -> None:
    questions = survey.get("properties", {})
    known = ", ".join(sorted(questions)) or "none"
    for unknown in sorted(answers.keys() - questions.keys()):
        raise OrderRefused(f"Template {name!r} has no question {unknown!r}; it has {known}.")
    for needed in survey.get("required", []):
        if needed not in answers and "default" not in questions.get(needed, {}):
            raise OrderRefused(f"Template {name!r} needs an answer to {needed!r}.")


def _list_groups(
    client: Client, filters: t.Mapping[str, t.Sequence[str]]
) -> dict[str, t.Collection[str]]:
    """Return the hosts that a template allows, each with its groups."""
    query = {"format": "columns", **{name: values for name, values in filters.items() if values}}
    fleet = client.json("GET", INVENTORY, query=query)
    groups: list[list[str]] = [[] for _row in fleet["rows"]]
    for group, numbers in fleet["groups"].items():
        for number in numbers:
            groups[number].append(group)
    return {row[0]: names for row, names in zip(fleet["rows"], groups)}  # noqa: B905 - equal by construction
