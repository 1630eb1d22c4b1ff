# SPDX-License-Identifier: Apache-2.0
"""What is left out of a file is listed once for each reason."""

from inventory_service.imports.domain.skips import Skip, Skips


def test_each_reason_is_listed_once_with_its_first_address() -> None:
    skips = Skips()
    for address, reason in (("x", "r"), ("y", "s"), ("z", "r")):
        skips.note(address, reason, "field")
    assert skips.all() == [Skip("x", "r", more=1, kind="field"), Skip("y", "s", kind="field")]
