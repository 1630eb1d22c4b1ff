# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers are kept for the questions that were asked last, and not for ever."""

from __future__ import annotations

import os

import pytest
from ansible_collections.quartermaster.fleet.plugins.module_utils._inventory.cache import (
    MOST_KEPT,
    Cache,
)


def keep(question: int) -> Cache:
    """Keep an answer to a question, that many seconds after the first one."""
    cache = Cache(question, pytest.fail)
    cache.write(str(question), b"{}")
    os.utime(cache.path, (1_000_000 + question, 1_000_000 + question))
    return cache


def test_as_many_answers_are_kept_as_a_controller_has_questions() -> None:
    caches = [keep(question) for question in range(MOST_KEPT)]
    assert all(cache.read() for cache in caches)


def test_the_answers_that_were_current_last_are_kept() -> None:
    caches = [keep(question) for question in range(MOST_KEPT)]
    caches[0].confirm()
    left = caches[0].path.with_name("tmpdraft")
    left.write_bytes(b"half")
    os.utime(left, (1, 1))
    caches += [keep(question) for question in range(MOST_KEPT, MOST_KEPT + 9)]
    kept = [cache for cache in caches if cache.read()]
    assert kept == [caches[0], *caches[10:]]
    assert not left.exists()
