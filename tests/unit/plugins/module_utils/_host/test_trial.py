# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A trial is taken back by its timer unless it was confirmed over another connection."""

from __future__ import annotations

import subprocess
import typing as t
from pathlib import Path

import pytest
from ansible_collections.quartermaster.fleet.plugins.module_utils._host.trial import (
    PENDING,
    check_confirmation,
    check_timeout,
    rollback_command,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._module import Failure

CONNECTION = "192.0.2.1 4711 192.0.2.2 22"
TRIAL = {"change": "c1", "connection": CONNECTION, "text": "rules"}


@pytest.mark.parametrize("is_confirmed", [True, False])
def test_the_roll_back_restores_unless_it_was_confirmed(
    tmp_path: Path, *, is_confirmed: bool
) -> None:
    if not is_confirmed:
        (tmp_path / PENDING).touch()

    command = rollback_command(tmp_path, f"touch {tmp_path}/done")
    subprocess.run(["/bin/sh", "-c", command], check=True, timeout=30)

    assert (tmp_path / "done").exists() == (not is_confirmed)
    assert not (tmp_path / PENDING).exists()


def test_a_roll_back_that_failed_is_left_for_the_next_one(tmp_path: Path) -> None:
    (tmp_path / PENDING).touch()

    ended = subprocess.run(
        ["/bin/sh", "-c", rollback_command(tmp_path, "false")], check=False, timeout=30
    )

    assert ended.returncode != 0
    assert (tmp_path / PENDING).exists()


@pytest.mark.parametrize(
    ("pending", "connection", "code"),
    [
        (None, None, "rolled_back"),
        ({**TRIAL, "change": "c2"}, "192.0.2.1 4712 192.0.2.2 22", "rolled_back"),
        (TRIAL, CONNECTION, "not_fresh"),
    ],
)
def test_what_is_no_proof_is_no_confirmation(
    pending: dict[str, t.Any] | None, connection: str | None, code: str
) -> None:
    with pytest.raises(Failure) as failed:
        check_confirmation(pending, "c1", connection, "the firewall")

    assert failed.value.code == code


# Without SSH there is no connection to compare, as on a console.
@pytest.mark.parametrize("connection", ["192.0.2.1 4712 192.0.2.2 22", None])
def test_another_connection_confirms(connection: str | None) -> None:
    assert check_confirmation(TRIAL, "c1", connection, "the firewall") == TRIAL


@pytest.mark.parametrize("timeout_s", [5, 3600])
def test_a_trial_may_be_this_long(timeout_s: int) -> None:
    check_timeout(timeout_s)


@pytest.mark.parametrize("timeout_s", [4, 3601])
def test_a_trial_is_neither_too_short_nor_too_long(timeout_s: int) -> None:
    with pytest.raises(Failure) as failed:
        check_timeout(timeout_s)

    assert failed.value.code == "refused"


@pytest.mark.parametrize(
    ("pending", "reason"),
    [
        (None, "nobody confirmed the change in time, or another run"),
        ({**TRIAL, "change": "c2"}, "another run on this host has taken this change"),
    ],
)
def test_two_runs_at_once_are_named(pending: dict[str, t.Any] | None, reason: str) -> None:
    with pytest.raises(Failure, match=f"{reason}.*the firewall.*again"):
        check_confirmation(pending, "c1", None, "the firewall")
