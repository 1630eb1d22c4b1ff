# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A service of the loopback with prepared answers, faults included; and a host with units."""

from __future__ import annotations

import http.server
import json
import threading
import typing as t
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from ansible.module_utils import basic
from ansible_collections.quartermaster.fleet.plugins.module_utils._host import host as hosts
from ansible_collections.quartermaster.fleet.plugins.module_utils._host import wanted_state

COLUMNS = ["node_id", "ansible_host", "node_type", "region", "labels", "vars"]


@dataclass
class Reply:
    """What is sent for one request; `cut` bytes at the end of the body are not."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: int = 0
    holds: bool = False


@dataclass(frozen=True)
class Asked:
    """A request that came."""

    method: str
    path: str
    headers: dict[str, str]
    body: t.Any


class Loopback(http.server.ThreadingHTTPServer):
    """Replies in order; the last one is repeated."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.replies: list[Reply] = []
        self.asked: list[Asked] = []
        self.released = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def reply(self, document: t.Any = None, status: int = 200, **more: t.Any) -> None:
        """Line up a reply: a document as JSON, bytes as they are."""
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        kind = "application/json" if status < 300 else "application/problem+json"
        headers = {"Content-Type": kind, **more.pop("headers", {})}
        self.replies.append(Reply(body, status, headers, **more))

    def next_reply(self) -> Reply:
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Loopback

    def log_message(self, *_: t.Any) -> None:
        """Keep quiet."""

    def _serve(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(size)) if size else None
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.asked.append(Asked(self.command, self.path, headers, body))
        reply = self.server.next_reply()
        if reply.holds:
            self.server.released.wait(30)
        etag = reply.headers.get("ETag")
        if etag and headers.get("if-none-match") == etag:
            reply = Reply(status=304, headers={"ETag": etag})
        self.send_response(reply.status)
        for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
            if value:
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.body[: len(reply.body) - reply.cut])
        self.close_connection = True

    do_GET = do_POST = do_PATCH = _serve  # noqa: N815 - the names that http.server calls


@pytest.fixture
def loopback() -> Iterator[Loopback]:
    """Return a service that waits for its replies."""
    server = Loopback()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.released.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def own_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: t.Any) -> None:
    """Keep the developer's settings, home and proxies out."""
    import os  # noqa: PLC0415 - used here alone

    for name in list(os.environ):
        if name.startswith("QM_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("QM_CACHE_DIR", str(home / "cache"))


def make_columns(*names: str, **changed: t.Any) -> dict[str, t.Any]:
    """Return a columnar document with these hosts."""
    rows = [
        [name, f"10.0.0.{index + 1}", "web", "fsn1", {"rack": "a1"}, {}]
        for index, name in enumerate(names)
    ]
    everyone = list(range(len(rows)))
    document = {"version": 1, "revision": 1, "columns": COLUMNS, "rows": rows}
    return {**document, "groups": {"region_fsn1": everyone, "web": everyone}, **changed}


@pytest.fixture
def columns() -> t.Callable[..., dict[str, t.Any]]:
    """Return the maker of columnar documents."""
    return make_columns


class Ended(Exception):
    """A module ended, with this result."""

    def __init__(self, result: dict[str, t.Any]) -> None:
        super().__init__(result)
        self.result = result


def _ending(*, failed: bool) -> t.Callable[..., t.NoReturn]:
    def end(_module: t.Any, **result: t.Any) -> t.NoReturn:
        raise Ended({"failed": failed, **result})

    return end


@pytest.fixture
def run_module(
    run_host_module: t.Callable[..., t.Any], loopback: Loopback
) -> t.Callable[..., t.Any]:
    """Return the runner of a module of the service, which gets the service's address."""

    def run(module: t.Any, **options: t.Any) -> dict[str, t.Any]:
        return t.cast("dict[str, t.Any]", run_host_module(module, url=loopback.url, **options))

    return run


@pytest.fixture
def run_host_module(monkeypatch: pytest.MonkeyPatch) -> t.Callable[..., t.Any]:
    """Return the runner of a module: its options in, its result out."""

    def run(module: t.Any, **options: t.Any) -> dict[str, t.Any]:
        arguments = json.dumps({"ANSIBLE_MODULE_ARGS": options})
        # The process is patched: its arguments, and that it ends.
        monkeypatch.setattr(basic, "_ANSIBLE_ARGS", arguments.encode())
        if hasattr(basic, "_ANSIBLE_PROFILE"):
            monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy")
        monkeypatch.setattr(basic.AnsibleModule, "exit_json", _ending(failed=False))
        monkeypatch.setattr(basic.AnsibleModule, "fail_json", _ending(failed=True))
        with pytest.raises(Ended) as ended:
            module.main()
        return ended.value.result

    return run


SYSTEMCTL = """#!/bin/sh
# Keeps a unit as a folder with the files load, file and active.
cd {folder}/units
verb=$1; shift
case $verb in
show)
    shift 2
    for unit; do
        for key in load file active; do
            test -e "$unit/$key" && read -r $key < "$unit/$key" || eval $key=
        done
        echo "LoadState=${{load:-not-found}}"
        echo "ActiveState=${{active:-inactive}}"
        echo "UnitFileState=$file"
        echo
    done
    exit;;
esac
while [ "$1" != -- ]; do shift; done
echo "$verb $2" >> ../log
case $verb in
enable) echo enabled > "$2/file";;
disable) echo disabled > "$2/file";;
start | restart | reload-or-restart)
    test -e "$2/broken" && {{ echo "Job for $2 failed." >&2; exit 1; }}
    echo active > "$2/active";;
stop) echo inactive > "$2/active";;
esac
"""


class UnitHost:
    """This machine, with a systemctl that keeps units in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "units").mkdir()
        (folder / "bin").mkdir()
        program = folder / "bin" / "systemctl"
        program.write_text(SYSTEMCTL.format(folder=folder))
        program.chmod(0o755)

    def unit(self, name: str, load: str = "loaded", file: str = "enabled", **more: str) -> None:
        """Make a unit, or put it in another state."""
        values = {"load": load, "file": file, "active": "active", **more}
        (self.folder / "units" / name).mkdir(exist_ok=True)
        for key, value in values.items():
            (self.folder / "units" / name / key).write_text(f"{value}\n")

    @property
    def log(self) -> list[str]:
        """What systemctl was made to change since the last look."""
        log = self.folder / "log"
        lines = log.read_text().splitlines() if log.exists() else []
        log.write_text("")
        return lines


@pytest.fixture
def unit_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> UnitHost:
    """Return this machine with units of a test, and records in a folder of the test's own."""
    host = UnitHost(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    for module in (hosts, wanted_state):
        monkeypatch.setattr(module, "RUN", tmp_path / "run")
    return host
