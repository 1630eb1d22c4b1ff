# SPDX-License-Identifier: Apache-2.0
"""Many values for one column, in as many queries as the databases' limit of parameters needs."""

from collections.abc import Iterable, Iterator

#: How many values one query names: SQLite and PostgreSQL take some 32,000 parameters.
CHUNK = 1000


def in_chunks(values: Iterable[str]) -> Iterator[list[str]]:
    """Yield the values sorted, in lists that one query can name."""
    ordered = sorted(values)
    for start in range(0, len(ordered), CHUNK):
        yield ordered[start : start + CHUNK]
