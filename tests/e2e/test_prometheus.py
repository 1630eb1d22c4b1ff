# SPDX-License-Identifier: Apache-2.0
"""Prometheus reads the targets of the running service, with a token, and scrapes a job of them."""

import contextlib
import http.server
import json
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.contract.processes import Service, running_service
from tests.e2e.programs import find_program
from tests.ports import find_free_port

CONFIG = """
scrape_configs:
  - job_name: fleet
    http_sd_configs:
      - url: {url}/api/v1/prometheus/targets?port=9100
        authorization:
          # Prometheus 2.42 sends no token without it, whatever its documents call the default.
          type: Bearer
          credentials_file: {token_file}
    relabel_configs:
      - source_labels: [__meta_quartermaster_node_id]
        target_label: instance
      - regex: __meta_quartermaster_(env|project)
        replacement: $1
        action: labelmap
"""


#: Everything that is special about a service is told by the targets, nothing here.
JOB_CONFIG = """
global:
  scrape_interval: 1s
scrape_configs:
  - job_name: api
    http_sd_configs:
      - url: {url}/api/v1/prometheus/targets?job=api
        refresh_interval: 1s
        authorization:
          type: Bearer
          credentials_file: {token_file}
    relabel_configs:
      - regex: __meta_quartermaster_(node_id|service|env)
        replacement: $1
        action: labelmap
"""
METRICS_PATH = "/internal/metrics"
DEADLINE_S = 60


def discover(folder: Path, service: Service, token: str) -> subprocess.CompletedProcess[str]:
    config = folder / "prometheus.yml"
    token_file = folder / "token"
    token_file.write_text(token, "utf-8")
    config.write_text(CONFIG.format(url=service.url, token_file=token_file), "utf-8")
    promtool = find_program("promtool", "prometheus")
    return subprocess.run(
        [promtool, "check", "service-discovery", "--timeout", "5s", config, "fleet"],
        capture_output=True,
        text=True,
        check=False,
    )


def test_promtool_discovers_the_nodes_in_service_with_their_labels(tmp_path: Path) -> None:
    with running_service(tmp_path) as service:
        service.call("POST", "/api/v1/projects", {"project": "shop"})
        cluster = {"cluster_id": "main", "mesh_prefix": "10.90.0.0/24"}
        service.call("POST", "/api/v1/clusters", cluster)
        for number in (1, 2):
            node = {
                "node_id": f"web-{number}",
                "node_type": "web",
                "cluster_id": "main",
                "project": "shop",
                "environment": "prod",
                "internal_ip": f"10.0.0.{number}",
            }
            service.call("POST", "/api/v1/nodes", node)
        for state in ("provisioning", "active"):
            service.call("POST", "/api/v1/nodes/web-1/transitions", {"state": state})
        done = discover(tmp_path, service, service.token)
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout)
        assert [
            (one["labels"]["instance"], one["labels"]["env"], one["labels"]["project"])
            for one in found
        ] == [("web-1", "prod", "shop")]
        assert found[0]["discoveredLabels"]["__address__"] == "10.0.0.1:9100"


def test_a_wrong_token_discovers_nothing(tmp_path: Path) -> None:
    with running_service(tmp_path) as service:
        done = discover(tmp_path, service, "qm_000000000000_" + "A" * 43)
        assert "401" in done.stderr
        assert json.loads(done.stdout or "[]") in (None, [])


def test_prometheus_scrapes_a_service_on_its_own_port_and_path(tmp_path: Path) -> None:
    with running_service(tmp_path) as service, serving_metrics() as port:
        register_api(service, port)
        with prometheus(tmp_path, service) as url:
            labels = await_sample(url, 'shop_orders{job="api"}')
            assert (
                labels.items()
                >= {
                    "node_id": "web-1",
                    "service": "shop-api",
                    "env": "prod",
                    "instance": f"127.0.0.1:{port}",
                }.items()
            )
            service.call("POST", "/api/v1/services/shop-api/retirement", {})
            await_no_targets(url)


def register_api(service: Service, port: int) -> None:
    """Make a node known that is this machine, and a service on it."""
    service.call("POST", "/api/v1/projects", {"project": "shop"})
    cluster = {"cluster_id": "main", "mesh_prefix": "10.90.0.0/24"}
    service.call("POST", "/api/v1/clusters", cluster)
    purpose = {"project": "shop", "environment": "prod"}
    node = {"node_id": "web-1", "node_type": "web", "cluster_id": "main", **purpose}
    service.call("POST", "/api/v1/nodes", {**node, "internal_ip": "127.0.0.1"})
    for state in ("provisioning", "active"):
        service.call("POST", "/api/v1/nodes/web-1/transitions", {"state": state})
    wanted = {"service": "shop-api", "node_types": ["web"], "port": port, "scrape_job": "api"}
    service.call("POST", "/api/v1/services", {**purpose, **wanted, "metrics_path": METRICS_PATH})


class _Metrics(http.server.BaseHTTPRequestHandler):
    """Answers with one sample at the one path."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == METRICS_PATH else 404)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(b"shop_orders 7\n")

    def log_message(self, *_: object) -> None:
        """Keep still: Prometheus asks each second."""


@contextlib.contextmanager
def serving_metrics() -> Iterator[int]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Metrics) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@contextlib.contextmanager
def prometheus(folder: Path, service: Service) -> Iterator[str]:
    """Start a Prometheus of this test's own; give its address."""
    config, token_file, port = folder / "job.yml", folder / "token", find_free_port()
    token_file.write_text(service.token, "utf-8")
    config.write_text(JOB_CONFIG.format(url=service.url, token_file=token_file), "utf-8")
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(
            [
                find_program("prometheus", "prometheus"),
                f"--config.file={config}",
                f"--storage.tsdb.path={folder / 'samples'}",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdout=log,
            stderr=log,
        )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(DEADLINE_S)


def await_sample(url: str, query: str) -> Any:
    """Return the labels of the one series that Prometheus has for a query."""
    path = f"query?query={urllib.parse.quote(query)}"
    (found,) = await_answer(url, path, lambda data: data["result"])
    assert found["value"][1] == "7"
    return found["metric"]


def await_no_targets(url: str) -> None:
    """Wait until Prometheus has dropped all that it scraped."""
    await_answer(url, "targets?state=active", lambda data: data["activeTargets"] == [])


def await_answer(url: str, path: str, read: Any) -> Any:
    """Return what `read` finds in an answer of Prometheus' API, as soon as it finds something."""
    deadline = time.monotonic() + DEADLINE_S
    pause = threading.Event()
    data: Any = None
    while time.monotonic() < deadline:
        with (
            contextlib.suppress(urllib.error.URLError, ConnectionError),
            urllib.request.urlopen(f"{url}/api/v1/{path}", timeout=5) as answer,  # noqa: S310 - our own loopback
        ):
            data = json.load(answer)["data"]
            if found := read(data):
                return found
        pause.wait(0.2)
    raise AssertionError(f"not within {DEADLINE_S} s; the last answer was {data}")
