# SPDX-License-Identifier: Apache-2.0
"""Runs of the service on the oldest core: nothing outlives them, and data stays data."""

import re
from pathlib import Path

import pytest

from tests.contract.ansible_runs import get_core
from tests.contract.conftest import VARIABLES
from tests.contract.processes import Service
from tests.cores import LOCK
from tests.service.runs.runner.executions import BUSY, INJECTED, Work


def make_work(folder: Path) -> Work:
    return Work(folder, programs=get_core("oldest"))


@pytest.mark.parametrize("disturbance", ["cancel", "kill"])
def test_no_process_outlives_a_run(tmp_path: Path, disturbance: str) -> None:
    work = make_work(tmp_path)
    work.hosts, work.disturbance = {"web-1": {}, "web-2": {}}, disturbance
    report = work.execute(BUSY.format(marker=work.marker))
    assert work.marker.exists(), report.log
    assert report.ending.is_cancelled is (disturbance == "cancel")
    assert not report.left


def test_what_comes_from_outside_is_never_a_template(tmp_path: Path, service: Service) -> None:
    inventory = service.call("GET", "/api/v1/inventory?state=active")
    work = make_work(tmp_path)
    from_host = inventory["_meta"]["hostvars"]["media-1"]["template"]
    payloads = [
        f"{{{{ lookup('pipe', 'touch {tmp_path}/made-{name}') }}}}" for name in ("one", "two")
    ]
    work.hosts = {"web-1": {"from_host": from_host}}
    work.variables = {
        "from_template": payloads[0],
        "from_answer": {"nested": [payloads[1]]},
        "folder": str(tmp_path),
    }
    report = work.execute(INJECTED)
    assert report.ending.exit_code == 0, report.log
    for payload in (VARIABLES["template"], *payloads):
        assert payload in report.log
    assert not list(tmp_path.glob("made-*"))
    assert (tmp_path / "live").exists()
    oldest = re.search(r"^ansible-core==(\S+)", LOCK.read_text("utf-8"), re.MULTILINE)
    assert oldest is not None
    assert f"core {oldest[1]}," in report.log
