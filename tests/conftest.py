# SPDX-License-Identifier: Apache-2.0
"""What holds for every test: no time limit for examples, and no network beyond this machine."""

import ipaddress
import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadFileScheduling

# How long an example takes says how busy the machine is; timings belong in `make bench`.
settings.register_profile(
    "quartermaster", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("quartermaster")

#: `make soak` sets it: tests with that mark take more rounds than `make test` has time for.
IS_SOAK = "QUARTERMASTER_SOAK" in os.environ

TESTS = Path(__file__).parent
#: Suites that need no host but this one. The others reach test hosts and package registries.
LOOPBACK_ONLY = {"service", "unit", "contract"}
#: Folders whose files share hosts; each worker would make them anew.
SHARING = {f"tests/e2e/{name}" for name in ("access", "firewall", "operating", "wireguard")}
_guard = {"is_on": False}


class NetworkUsed(BaseException):
    """A test reached for another machine; no ``except Exception`` of the tested code hides it."""


def _refuse_other_machines(event: str, arguments: tuple[Any, ...]) -> None:
    if not _guard["is_on"] or event not in {"socket.connect", "socket.sendto"}:
        return
    address = arguments[1]
    # Unix sockets have a path for an address, and netlink a process number.
    if not isinstance(address, tuple) or not isinstance(address[0], str):
        return
    if not is_this_machine(address[0]):
        raise NetworkUsed(f"{event} to {address}: use a server on 127.0.0.1")


def is_this_machine(host: str) -> bool:
    """Return whether a host is certainly this one; a name may resolve to any address."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost"
    return address.is_loopback or address.is_unspecified


# An audit hook cannot be removed, so it is installed once, and each test switches it.
sys.addaudithook(_refuse_other_machines)


@pytest.fixture(autouse=True)
def _loopback_only(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that connects to another machine, where its suite has no need to."""
    _guard["is_on"] = request.path.relative_to(TESTS).parts[0] in LOOPBACK_ONLY
    yield
    _guard["is_on"] = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that have slow or many tests, so that no worker waits for their end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    sizes = Counter(item.path for item in items)
    items.sort(key=lambda item: (item.path not in slow, -sizes[item.path]))


class ByHosts(LoadFileScheduling):
    """Gives a file to one worker, and so all files of a folder that share hosts."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        folder = file.rpartition("/")[0]
        return folder if folder in SHARING else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByHosts | None:
    """Return who gives tests to workers, where those of a file stay together."""
    return ByHosts(config, log) if config.getoption("dist") == "loadfile" else None


@pytest.fixture
def rounds(request: pytest.FixtureRequest, record_property: Any) -> int:
    """The rounds of a test marked `soak(short=…, long=…)`: few in `make test`, many in the soak."""
    mark = request.node.get_closest_marker("soak")
    number: int = mark.kwargs["long" if IS_SOAK else "short"]
    record_property("rounds", number)
    return number


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures of the soak; docs/decisions/0024-tests-that-leave-room.md has them."""
    if not IS_SOAK:
        return
    terminalreporter.section("rounds and seconds of tests that only a long run proves")
    for word in ("passed", "failed"):
        for report in terminalreporter.stats.get(word, []):
            rounds = dict(report.user_properties).get("rounds")
            line = f"{rounds:>6} rounds  {report.duration:8.1f} s  {word}  {report.nodeid}"
            terminalreporter.write_line(line)
