# SPDX-License-Identifier: Apache-2.0
"""SSH gets a file in its own format: a line for each key, which names the node's addresses."""

from tests.service.conftest import Caller, make_node

KEYS = ["ssh-ed25519 AAAA", "ssh-rsa BBBB"]


def test_known_hosts(operator: Caller, viewer: Caller, cluster: str) -> None:
    make_node(operator, "web-1", cluster_id=cluster, internal_ip="10.0.0.1", ssh_host_keys=KEYS)
    make_node(operator, "web-2", cluster_id=cluster)
    answer = viewer.call("GET", "/api/v1/ssh/known_hosts", status=200)
    assert answer.mimetype == "text/plain"
    assert answer.get_data(as_text=True) == (
        "web-1,10.0.0.1,10.90.0.1 ssh-ed25519 AAAA\nweb-1,10.0.0.1,10.90.0.1 ssh-rsa BBBB\n"
    )


def test_strangers_see_no_host_keys(stranger: Caller) -> None:
    stranger.get("/api/v1/ssh/known_hosts", status=401)
