# SPDX-License-Identifier: Apache-2.0
"""Conditions on a change: only if the thing still is as its caller has read it."""

from collections.abc import Collection

from inventory_service.core.errors import PreconditionFailed

#: Revisions of which one must be the thing's own; None for no condition.
Expected = Collection[str] | None


def check_if_match(thing: str, revision: int, expected: Expected) -> None:
    """Let a change pass whose condition holds.

    :raises PreconditionFailed: the thing has another revision than those that the caller expects.
    """
    if expected is not None and str(revision) not in expected:
        raise PreconditionFailed(
            f"{thing} has changed since it was read: its revision is {revision} now. Read it again "
            "and decide anew."
        )
