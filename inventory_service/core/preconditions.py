# SPDX-License-Identifier: Apache-2.0
"""Preconditions of a change (If-Match): the resource is still as the caller has read it."""

from collections.abc import Collection

from inventory_service.core.errors import PreconditionFailed

#: Revisions of which one must be the current one; None for no condition.
Expected = Collection[str] | None


def check_if_match(resource: str, revision: int, expected: Expected) -> None:
    """Check that the resource has one of the expected revisions.

    :raises PreconditionFailed: it has another one.
    """
    if expected is not None and str(revision) not in expected:
        raise PreconditionFailed(
            f"{resource} has changed since it was read: its revision is {revision} now. Fetch it "
            "again and retry."
        )
