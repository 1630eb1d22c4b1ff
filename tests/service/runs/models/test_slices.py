# SPDX-License-Identifier: Apache-2.0
"""A run is sliced, a slice of another one, or neither."""

import pytest

from inventory_service.runs.models.runs import Run


@pytest.mark.parametrize(
    ("slice_of", "count", "is_slice", "is_sliced"),
    [
        (None, None, False, False),
        (None, 0, False, False),
        (None, 3, False, True),
        (7, 3, True, False),
    ],
)
def test_a_slice_is_not_sliced_itself(
    slice_of: int | None, count: int | None, *, is_slice: bool, is_sliced: bool
) -> None:
    run = Run(slice_of=slice_of, slice_count=count)
    assert (run.is_slice, run.is_sliced) == (is_slice, is_sliced)
