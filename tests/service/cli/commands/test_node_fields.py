# SPDX-License-Identifier: Apache-2.0
"""The options of `qm node add` and `qm node set` become the fields of a request."""

import re
from typing import Any

import click
import pytest
from click.testing import CliRunner

from inventory_service.cli.client.options import drop_unset
from inventory_service.cli.commands.node_fields import field_options
from inventory_service.cli.commands.nodes import node
from inventory_service.core.ansible_keywords import KEYWORDS
from inventory_service.fleet.domain.nodes import NodeRegistration


def test_each_field_of_the_api_has_its_option() -> None:
    wanted = set(NodeRegistration.model_fields)
    for command in ("add", "set"):
        have = {parameter.name for parameter in node.commands[command].params}
        assert wanted <= have, command


@pytest.mark.parametrize(
    ("words", "body"),
    [
        ([], {}),
        (["--type", "web", "--region", ""], {"node_type": "web", "region": None}),
        (["--label", "a=1", "--label", "b=x=y"], {"labels": {"a": "1", "b": "x=y"}}),
        (["--var", "port=8080", "--var", "name=web"], {"vars": {"port": 8080, "name": "web"}}),
        (["--var", "nginx_port=8080"], {"vars": {"nginx_port": 8080}}),
        (["--ssh-host-key", "ssh-ed25519 A"], {"ssh_host_keys": ["ssh-ed25519 A"]}),
        (["--ssh-host-key", ""], {"ssh_host_keys": []}),
    ],
)
def test_only_what_was_given_is_sent_and_empty_text_clears(
    words: list[str], body: dict[str, Any]
) -> None:
    sent: list[dict[str, Any]] = []

    @click.command()
    @field_options
    def send(**options: Any) -> None:
        sent.append(drop_unset(**options))

    result = CliRunner().invoke(send, words)
    assert result.exit_code == 0
    assert sent == [body]
    warned = re.findall("Warning: The variable '([^']+)'", result.stderr)
    assert warned == sorted(KEYWORDS & body.get("vars", {}).keys())
