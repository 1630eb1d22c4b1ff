# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fleet for script and plugin: one request, with the last good answer kept on disk."""

from __future__ import annotations

import hashlib
import http
import typing as t
from dataclasses import dataclass

from .._service.connection import ClientError
from .._service.response import InvalidResponse
from .cache import Cache, Cached
from .document import Fleet, parse_fleet

if t.TYPE_CHECKING:
    from .._service.client import Client
    from .._service.response import Answer

INVENTORY = "/api/v1/inventory"
FILTERS = ("project", "environment", "cluster", "region", "node_type", "state")
DEFAULT_MAX_AGE_S = 3600


@dataclass(frozen=True)
class Question:
    """What the service is asked for: nodes by filters, merged with a Terraform file or not.

    The file is what `read_terraform` returns.
    """

    query: dict[str, list[str]]
    terraform: str | None = None

    @property
    def key(self) -> t.Any:
        """What identifies this question in the cache, as JSON can hold it."""
        if self.terraform is None:
            return self.query
        return [self.query, hashlib.sha256(self.terraform.encode()).hexdigest()]


def fetch_fleet(
    client: Client,
    filters: t.Mapping[str, t.Sequence[str]],
    *,
    terraform: str | None = None,
    max_age_s: float,
    warn: t.Callable[[str], None],
) -> Fleet:
    """Return the nodes that fit the filters, as the service knows them now.

    With a Terraform file (`read_terraform`), merged with that by the service; what of the file is
    not used is passed to `warn`.

    Each call asks the service; an unchanged fleet costs it a 304. If the service is down, or its
    answer is not whole, the last good answer is used up to the given age, and `warn` is called.

    :raises ClientError: if the service refuses this account, or if it is down and no answer is
        young enough.
    """
    query = {name: sorted(values) for name, values in filters.items() if values}
    question = Question(query, terraform)
    cache = Cache((client.identity, question.key), warn)
    last = cache.read()
    try:
        fleet = _ask(client, question, cache, last)
    except ClientError as error:
        if not _is_outage(error):
            raise
        fleet = _fall_back(error, last, max_age_s, warn)
    if not fleet.rows:
        warn(f"{client.url}: the service knows no node that fits, so that the inventory is empty.")
    for note in fleet.notes:
        warn(note)
    return fleet


def _ask(client: Client, question: Question, cache: Cache, last: Cached | None) -> Fleet:
    if question.terraform is not None:
        body = {"terraform": question.terraform}
        answer = client.exchange("POST", INVENTORY, body, question.query)
        return _take(answer, cache, f"POST {client.url}{INVENTORY}")
    query = {"format": "columns", **question.query}
    answer = client.get(INVENTORY, query, etag=last.etag if last else None)
    if last and answer.status == http.HTTPStatus.NOT_MODIFIED:
        try:
            fleet = parse_fleet(last.body)
        except InvalidResponse:
            # An earlier version, which was less strict, kept it: fetch the whole document.
            return _ask(client, question, cache, None)
        cache.confirm()
        return fleet
    return _take(answer, cache, f"GET {client.url}{INVENTORY}")


def _take(answer: Answer, cache: Cache, asked: str) -> Fleet:
    """Return the fleet in an answer that came now, and keep the answer.

    :raises ClientError: if it is not whole.
    """
    try:
        fleet = parse_fleet(answer.body)
    except InvalidResponse as error:
        raise ClientError(
            f"{asked}: the answer was refused: {error}. Check that url is the address of the "
            "service, and that the service is as new as this collection."
        ) from error
    cache.write(answer.headers.get("etag", ""), answer.body)
    return fleet


def _is_outage(error: ClientError) -> bool:
    """Return whether waiting may help; a refusal of this account or address is not an outage."""
    return (
        error.status is None
        or error.status == http.HTTPStatus.TOO_MANY_REQUESTS
        or error.status >= http.HTTPStatus.INTERNAL_SERVER_ERROR
    )


def _fall_back(
    error: ClientError, last: Cached | None, max_age_s: float, warn: t.Callable[[str], None]
) -> Fleet:
    if last is None:
        raise ClientError(f"{error} No earlier answer is kept.", error.status) from error
    # An age below zero means that the clock was set back: how old the answer is, nobody knows.
    if not 0 <= last.age_s <= max_age_s:
        raise ClientError(
            f"{error} The last good answer is {last.age_s:.0f} s old; at most {max_age_s:.0f} s "
            "are allowed (cache_max_age, QM_CACHE_MAX_AGE).",
            error.status,
        ) from error
    try:
        fleet = parse_fleet(last.body)
    except InvalidResponse as refusal:
        raise ClientError(f"{error} The kept answer is of no use: {refusal}.") from error
    warn(f"{error} Using the last good answer, {last.age_s:.0f} s old: {len(fleet.rows)} hosts.")
    return fleet
