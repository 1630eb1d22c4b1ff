# SPDX-License-Identifier: Apache-2.0
"""Processes that share a socket end together, so that whoever started them restarts them."""

import os
import signal
from pathlib import Path

from tests.service.server.programs import DEADLINE_S, is_listening, serving, wait_until


def list_children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_a_stop_ends_all_processes_and_is_a_success(tmp_path: Path) -> None:
    with serving(tmp_path / "none.sqlite", processes=2) as (service, port):
        assert len(list_children(service.pid)) == 2
        service.send_signal(signal.SIGTERM)
        assert service.wait(DEADLINE_S) == 0
        assert not is_listening(port)


def test_when_one_process_dies_all_end_and_it_is_no_success(tmp_path: Path) -> None:
    with serving(tmp_path / "none.sqlite", processes=2) as (service, port):
        os.kill(list_children(service.pid)[0], signal.SIGKILL)
        assert service.wait(DEADLINE_S) == 3
        assert not is_listening(port)


def test_processes_do_not_outlive_the_one_that_started_them(tmp_path: Path) -> None:
    with serving(tmp_path / "none.sqlite", processes=2) as (service, port):
        service.kill()
        wait_until(lambda: not is_listening(port))
