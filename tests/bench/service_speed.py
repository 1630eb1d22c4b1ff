# SPDX-License-Identifier: Apache-2.0
"""How fast the real `qm serve` is, on SQLite and one core, with a client on another core."""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from tests.bench.figures import Figure
from tests.bench.fleets import list_clusters, list_registrations
from tests.bench.load import Order, Tally, make_request, send
from tests.e2e.service.process import Process

#: How many nodes one call may bring.
_MOST_AT_ONCE = 10_000
_RELAYED = 500
_DOCUMENTS = {
    "columns, gzip": ("/api/v1/inventory?state=any&format=columns", {"Accept_Encoding": "gzip"}),
    "as a script prints it": ("/api/v1/inventory?state=any", {}),
}
#: One core for the service, the next one for its client.
_ONE_CORE = ("taskset", "-c", "0")


def measure(folder: Path, size: int, seconds: float) -> Iterator[Figure]:
    """Yield the figures of a service with a fleet of a size; the load's at 10,000 or less."""
    folder.mkdir()
    with _serving(folder) as service:
        yield from _register(service, size)
        yield from _measure_memory(service, size)
    if size > _MOST_AT_ONCE:
        return
    with _serving(folder, token=service.token) as service:
        yield from _measure_inventory(service, size, seconds / 2)
        yield from _measure_heartbeats(service, folder, size, seconds)


@contextmanager
def _serving(folder: Path, *, token: str | None = None) -> Iterator[Process]:
    """Run the service on one core, with threads enough to gather many heartbeats."""
    service = Process(folder, token=token, prefix=_ONE_CORE, QM_THREADS="32")
    service.start()
    try:
        yield service
    finally:
        service.stop()


def _register(service: Process, size: int) -> Iterator[Figure]:
    for cluster in list_clusters():
        assert service.post("/api/v1/clusters", cluster).status_code == 201
    rows = list_registrations(size)
    for begin in range(0, size, _MOST_AT_ONCE):
        start = time.perf_counter()
        some = rows[begin : begin + _MOST_AT_ONCE]
        answer = service.post("/api/v1/registrations", {"nodes": some})
        assert answer.status_code == 201, answer.text
        if begin == 0:
            taken_s = time.perf_counter() - start
            limit = 5 if len(some) == _MOST_AT_ONCE else None
            yield Figure(f"registration of {len(some):,} in one call", taken_s, "s", limit)


def _measure_memory(service: Process, size: int) -> Iterator[Figure]:
    """Yield what a new process holds once it has served the inventory in both forms."""
    service.stop()
    service.start()
    for path, headers in _DOCUMENTS.values():
        for _ in range(2):
            _ask(service, path, headers)
    held, most = (_read_memory(service.pid, name) for name in ("VmRSS", "VmHWM"))
    limit = 250 if size == 100_000 else None
    note = f"at most {most:.0f} while it was made"
    yield Figure(f"memory of the service with {size:,} nodes", held, "MiB", limit, note=note)


def _read_memory(pid: int, name: str) -> float:
    """Return mebibytes."""
    return int(Path(f"/proc/{pid}/status").read_text().split(f"{name}:")[1].split()[0]) / 1024


def _read_cpu(pid: int) -> float:
    """Return the seconds that the service has computed for."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _ask(service: Process, path: str, headers: dict[str, str]) -> str:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    default = {"Accept-Encoding": "identity"}
    answer = service.session.get(service.url + path, headers=default | named, timeout=120)
    assert answer.ok, answer.text
    return str(answer.headers["ETag"])


def _measure_inventory(service: Process, size: int, seconds: float) -> Iterator[Figure]:
    for form, (path, headers) in _DOCUMENTS.items():
        etag = _ask(service, path, headers)
        whole = make_request("GET", path, service.token, **headers)
        known = make_request("GET", path, service.token, If_None_Match=etag, **headers)
        for what, request, limit_ms in (("whole", whole, 20), ("304", known, 3)):
            tally, cpu_s = _send(service, [request], connections=1, seconds=seconds)
            assert set(tally.statuses) == {"304" if what == "304" else "200"}, tally.statuses
            cpu_ms = cpu_s * 1000 / tally.answered
            note = f"median {tally.percentile(50):.1f}, processor {cpu_ms:.1f}"
            title = f"inventory of {size:,}, {form}: {what}, p99"
            yield Figure(title, tally.percentile(99), "ms", limit_ms, note=note)


def _measure_heartbeats(
    service: Process, folder: Path, size: int, seconds: float
) -> Iterator[Figure]:
    nodes = [row["node_id"] for row in list_registrations(size)]
    single = [
        make_request("POST", f"/api/v1/nodes/{node}/heartbeat", service.token) for node in nodes
    ]
    tally, cpu_s = _send(service, single, connections=64, seconds=seconds)
    lost = _count_lost(folder, {nodes[int(place)]: at for place, at in tally.sent_at.items()})
    note = f"{tally.answered / cpu_s:,.0f} a second of processor time; {_describe(tally, lost)}"
    yield Figure("heartbeats, one a request", tally.rate, "/s", 2000, is_least=True, note=note)
    bundles = [nodes[begin : begin + _RELAYED] for begin in range(0, size, _RELAYED)]
    relayed = [
        make_request(
            "POST",
            "/api/v1/heartbeats",
            service.token,
            ('{"nodes":["' + '","'.join(bundle) + '"]}').encode(),
            Content_Type="application/json",
        )
        for bundle in bundles
    ]
    tally, _ = _send(service, relayed, connections=4, seconds=seconds)
    sent = {node: at for place, at in tally.sent_at.items() for node in bundles[int(place)]}
    rate, note = tally.rate * len(bundles[0]), _describe(tally, _count_lost(folder, sent))
    what = f"heartbeats, {len(bundles[0])} a request of a relay"
    yield Figure(what, rate, "/s", 2000, is_least=True, note=note)


def _send(
    service: Process, requests: list[str], *, connections: int, seconds: float
) -> tuple[Tally, float]:
    """Return what came back, and how many seconds the service has computed for it."""
    port = urlsplit(service.url).port or 0
    core = 1 if len(os.sched_getaffinity(0)) > 1 else None
    before_s = _read_cpu(service.pid)
    tally = send(Order(port, requests, connections, seconds, core))
    return tally, _read_cpu(service.pid) - before_s


def _describe(tally: Tally, lost: int) -> str:
    busy = 100 * tally.cpu_seconds / tally.seconds
    refused = sum(count for status, count in tally.statuses.items() if status[0] != "2")
    return f"{refused} refused, {lost} lost; the client took {busy:.0f} % of its core"


def _count_lost(folder: Path, sent_at: dict[str, float]) -> int:
    """Return how many nodes were seen, says the database, before what was answered was sent."""
    with sqlite3.connect(folder / "fleet.sqlite") as database:
        rows = dict(database.execute("SELECT node_id, last_seen FROM nodes"))
    return sum(
        rows[node] is None
        or datetime.fromisoformat(rows[node]).replace(tzinfo=UTC).timestamp() < at
        for node, at in sent_at.items()
    )
