# SPDX-License-Identifier: Apache-2.0
"""Processes are known for ever, found wherever they hide, and ended even if they don't want to."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from inventory_service.runs.runner.processes import (
    end_all,
    identify,
    is_alive,
    list_descendants,
    list_marked,
)

PATIENCE_S = 20
STUBBORN = (
    "import signal, time\n"
    "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "print('ready', flush=True)\n"
    "time.sleep(600)"
)
#: A subreaper whose grandchild loses its parent; it prints whose child that is then.
ADOPTION = """
import os, subprocess, sys
from inventory_service.runs.runner.processes import become_subreaper, end_all, list_descendants
become_subreaper()
shell = "setsid sleep 600 >/dev/null 2>&1 & echo $!"
orphan = int(subprocess.run(["sh", "-c", shell], capture_output=True, check=True).stdout)
mine = list_descendants(os.getpid())
with open(f"/proc/{orphan}/stat") as file:
    parent = int(file.read().rpartition(")")[2].split()[1])
print(orphan in mine, parent == os.getpid())
print(end_all(lambda: list_descendants(os.getpid())), os.path.exists(f"/proc/{orphan}"))
"""

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start() -> Iterator[Start]:
    """Return `start(code)`: a Python that runs some code; none of them outlives the test."""
    with contextlib.ExitStack() as stack:

        def run(code: str, **environment: str) -> "subprocess.Popen[str]":
            process = subprocess.Popen(
                [sys.executable, "-S", "-c", code],
                env=environment,
                stdout=subprocess.PIPE,
                text=True,
            )
            stack.enter_context(process)
            stack.callback(process.kill)
            return process

        yield run


def wait_for(has_come: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not has_come():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def is_zombie(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] == "Z"


def test_a_process_is_known_by_the_same_words_as_long_as_it_lives(start: Start) -> None:
    process = start("import time; time.sleep(600)")
    identity = identify(process.pid) or ""
    assert identity.startswith(f"{process.pid}:")
    assert identify(process.pid) == identity
    assert is_alive(identity)


def test_a_zombie_is_gone_although_it_has_its_number(start: Start) -> None:
    process = start("import time; time.sleep(600)")
    identity = identify(process.pid) or ""
    process.kill()
    wait_for(lambda: is_zombie(process.pid))
    assert not is_alive(identity)
    assert identify(process.pid) is None
    assert process.pid not in list_descendants(os.getpid())


@pytest.mark.parametrize("part", [1, 2], ids=["start", "boot"])
def test_another_process_with_the_number_is_another(start: Start, part: int) -> None:
    process = start("import time; time.sleep(600)")
    parts = (identify(process.pid) or "").split(":")
    parts[part] = f"{parts[part]}0"
    assert not is_alive(":".join(parts))


@pytest.mark.parametrize("identity", ["", ":", "x:1:2", "-1:1:2", "../self:1:2", "4194999:1:2"])
def test_what_names_no_process_is_not_alive(identity: str) -> None:
    assert not is_alive(identity)


def test_a_name_with_blanks_and_brackets_hides_no_field(start: Start) -> None:
    rename = "open('/proc/self/comm', 'w').write(') R 1 1 (x y'); print('ready', flush=True); "
    process = start(f"import time; {rename}time.sleep(600)")
    assert process.stdout is not None
    before = identify(process.pid)
    process.stdout.readline()
    assert identify(process.pid) == before
    assert process.pid in list_descendants(os.getpid())


def test_descendants_are_found_below_their_parents(start: Start) -> None:
    process = start("import subprocess; subprocess.run(['sleep', '600'])")
    wait_for(lambda: len(list_descendants(process.pid)) == 1)
    (grandchild,) = list_descendants(process.pid)
    assert {process.pid, grandchild} <= set(list_descendants(os.getpid()))
    os.kill(grandchild, signal.SIGKILL)


def test_who_is_their_subreaper_finds_and_ends_those_that_lost_their_parents() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ADOPTION],
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE_S,
    )
    assert done.stdout.splitlines() == ["True True", "True False"]


def test_those_with_a_mark_are_found_by_the_whole_line(start: Start) -> None:
    process = start("import time; time.sleep(600)", OTHER="1", MARK="abc")
    wait_for(lambda: list_marked("MARK=abc") == [process.pid])
    for other in ("MARK=ab", "ARK=abc", "MARK=abcd", "abc"):
        assert process.pid not in list_marked(other)


def test_who_asks_is_not_among_those_with_a_mark() -> None:
    code = (
        "from inventory_service.runs.runner.processes import list_marked\n"
        "print(list_marked('MARK=own'))"
    )
    environment = {"PYTHONPATH": os.pathsep.join(sys.path), "MARK": "own"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_a_process_may_end_by_itself_first(start: Start) -> None:
    code = (
        "import os, signal, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: (os.write(1, b'in order'), os._exit(3)))\n"
        "print('ready', flush=True)\n"
        "time.sleep(600)"
    )
    process = start(code)
    assert process.stdout is not None
    process.stdout.readline()
    assert end_all(lambda: [process.pid] if identify(process.pid) else [])
    assert process.stdout.read() == "in order"


def test_a_process_that_ignores_the_request_is_killed_after_the_grace(start: Start) -> None:
    process = start(STUBBORN)
    assert process.stdout is not None
    process.stdout.readline()
    identity = identify(process.pid) or ""
    begun = time.monotonic()
    assert end_all(lambda: [process.pid] if is_alive(identity) else [], grace_s=0.3)
    assert time.monotonic() - begun >= 0.3
    assert not is_alive(identity)


def test_those_that_come_meanwhile_are_ended_too(start: Start) -> None:
    waiting = [start("import time; time.sleep(600)") for _ in range(3)]
    identities = {process.pid: identify(process.pid) or "" for process in waiting}
    seen: list[int] = []

    def find() -> list[int]:
        """Show one more of them each time, as if the others were forked by it at its end."""
        seen.extend([pid for pid in identities if pid not in seen][:1])
        return [pid for pid in seen if is_alive(identities[pid])]

    assert end_all(find)
    while any(map(is_alive, identities.values())):
        assert end_all(find)
    assert set(seen) == set(identities)


def test_what_cannot_be_ended_is_reported_after_both_graces() -> None:
    begun = time.monotonic()
    # No process has this number, so that no signal ends what is found.
    assert not end_all(lambda: [2**22 + 1], grace_s=0.1)
    assert 0.2 <= time.monotonic() - begun < PATIENCE_S
