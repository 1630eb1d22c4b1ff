# SPDX-License-Identifier: Apache-2.0
"""Prometheus' own tool reads the targets of the running service, with a token."""

import json
import subprocess
from pathlib import Path

from tests.contract.processes import Service, running_service
from tests.e2e.programs import find_program

CONFIG = """
scrape_configs:
  - job_name: fleet
    http_sd_configs:
      - url: {url}/api/v1/prometheus/targets?port=9100
        authorization:
          # Prometheus has this as its default; promtool 2.42 has none.
          type: Bearer
          credentials_file: {token_file}
    relabel_configs:
      - source_labels: [__meta_quartermaster_node_id]
        target_label: instance
      - regex: __meta_quartermaster_(env|project)
        replacement: $1
        action: labelmap
"""


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
