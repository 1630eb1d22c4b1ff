# SPDX-License-Identifier: Apache-2.0
"""The examples of docs/python.md, as they stand there, against a real service."""

import re
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from inventory_service.core.actors import Scope
from inventory_service.core.database.engine import Database
from inventory_service.runs.domain.states import RunState
from inventory_service.runs.usecases.claims import take_runs
from tests.service.cli.commands.conftest import recorder, settings
from tests.service.cli.conftest import Service, home, service
from tests.service.client.conftest import ONE_DATABASE
from tests.service.runs.routes.conftest import LEASE, Recorder, make_play

__all__ = ["home", "recorder", "service", "settings"]
PAGE = Path(__file__).parents[2] / "docs/python.md"


@pytest.fixture
def worker(database: Database, recorder: Recorder) -> Iterator[None]:
    """Take each run that is ordered, and end it well: what a worker does, without Ansible."""
    is_over = threading.Event()

    def work() -> None:
        while not is_over.wait(0.05):
            with database.writing() as session:
                taken = take_runs(session, "here", owner="1:2:3", slots=10, lease=LEASE)
            for one in taken:
                recorder.taken[one.run_id] = one
                recorder.begin(one.run_id)
                recorder.add(one.run_id, make_play())
                log = [zlib.compress(b"line 1\n")]
                recorder.end(one.run_id, RunState.SUCCESSFUL, log=log)

    thread = threading.Thread(target=work)
    thread.start()
    yield
    is_over.set()
    thread.join()


@ONE_DATABASE
@pytest.mark.usefixtures("worker")
def test_the_examples_of_the_page_do_what_it_says(
    service: Service,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    token = service.tokens[Scope.ADMIN]
    monkeypatch.setenv("QM_URL", service.url)
    monkeypatch.setenv("QM_TOKEN", token)
    profile = home / ".config/quartermaster/config.ini"
    profile.parent.mkdir(parents=True)
    profile.write_text(f"[staging]\nurl = {service.url}\ntoken = {token}\n", "utf-8")
    profile.chmod(0o600)
    names: dict[str, Any] = {}
    text = PAGE.read_text("utf-8")
    examples = list(re.finditer(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))
    assert examples
    for example in examples:
        line = text.count("\n", 0, example.start()) + 1
        code = compile("\n" * line + example[1], PAGE, "exec")
        exec(code, names)  # noqa: S102 (the examples of our own page)
