# SPDX-License-Identifier: Apache-2.0
"""Each attempt at a run has a folder of its own below QM_RUN_DIR."""

from inventory_service.settings import Settings
from inventory_service.worker.places import get_places


def test_no_attempt_finds_what_another_one_left(settings: Settings) -> None:
    first, second = get_places(settings, 7, 1), get_places(settings, 7, 2)
    assert first.folder.parent == second.folder.parent == settings.run_dir
    assert len({first.private, second.private, first.spool, second.spool}) == 4
