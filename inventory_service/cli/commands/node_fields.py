# SPDX-License-Identifier: Apache-2.0
"""The options of `qm node add` and `qm node set`: one a field; an empty value clears it."""

from collections.abc import Callable, Collection, Iterable
from typing import Any, TypeVar

import click

from inventory_service.cli.client.completion import complete_names
from inventory_service.cli.client.node_filters import NAMED
from inventory_service.cli.client.options import json_pairs, pairs
from inventory_service.core.ansible_keywords import warn_of_keywords

Command = TypeVar("Command", bound=Callable[..., object])

# option, field of the API, help
_PLAIN = (
    ("--type", "node_type", "What it does: control, data, media, web, master, …"),
    ("--cluster", "cluster_id", "Cluster that it belongs to."),
    ("--region", "region", "Region that it runs in."),
    ("--project", "project", "Project that it belongs to."),
    ("--environment", "environment", "prod, uat, staging or test."),
    ("--internal-ip", "internal_ip", "Address in the cluster's own network."),
    ("--external-ip", "external_ip", "Address on the internet."),
    ("--wireguard-ip", "wireguard_ip", "Address in the mesh; assigned if left out."),
    ("--wireguard-public-key", "wireguard_public_key", "Public key in the mesh."),
    (
        "--wireguard-next-public-key",
        "wireguard_next_public_key",
        "Key that a rotation changes to; empty when it is over.",
    ),
    ("--provider", "provider", "Provider of the server, like docker."),
    ("--provider-id", "provider_id", "Name of the server at the provider."),
    ("--spec", "spec", "Wanted size, like s-2vcpu-4gb."),
    ("--provisioned-spec", "provisioned_spec", "Size that the provider has given."),
    ("--image", "image", "Image that the server is made from."),
    ("--reason", "reason", "Reason, for the audit record."),
)


def field_options(command: Command, *, required: Collection[str] = ()) -> Command:
    """Add the options; the command gets them as keyword arguments for `drop_unset`."""
    command = click.option(
        "--var",
        "vars",
        metavar="K=V",
        multiple=True,
        callback=_read_variables,
        help="Ansible variable; the value is read as JSON, or else as text. Repeatable.",
    )(command)
    command = click.option(
        "--label",
        "labels",
        metavar="K=V",
        multiple=True,
        callback=pairs,
        help="Label to find the node by. Repeatable.",
    )(command)
    command = click.option(
        "--ssh-host-key",
        "ssh_host_keys",
        metavar="KEY",
        multiple=True,
        help="Public host key, like 'ssh-ed25519 AAAA…'. Repeatable.",
    )(command)
    for option, field, text in reversed(_PLAIN):
        noun = option.removeprefix("--")
        complete = complete_names(noun) if noun in NAMED else None
        command = click.option(
            option,
            field,
            metavar="TEXT",
            required=field in required,
            help=text,
            shell_complete=complete,
        )(command)
    return command


def _read_variables(
    context: click.Context, option: click.Parameter, words: Iterable[str]
) -> dict[str, Any]:
    """Return the variables; name on standard error those of which Ansible warns at each run."""
    variables = json_pairs(context, option, words)
    for warning in warn_of_keywords(variables):
        click.echo(f"Warning: {warning}", err=True)
    return variables
