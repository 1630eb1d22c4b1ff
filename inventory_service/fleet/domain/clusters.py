# SPDX-License-Identifier: Apache-2.0
"""A cluster: nodes that share a network and a purpose, and the addresses of their mesh."""

import enum
import ipaddress

from pydantic import Field

from inventory_service.core.errors import BadInput, Exhausted, FieldError
from inventory_service.core.field_types import Label, Prefix
from inventory_service.fleet.domain.catalog import CatalogChange

IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network


class ClusterType(enum.StrEnum):
    """What a cluster is for."""

    CENTRAL = "central"
    REGIONAL = "regional"
    EDGE = "edge"


class ClusterChange(CatalogChange):
    """The fields of a cluster that can change; its mesh prefix is not one of them."""

    cluster_type: ClusterType = ClusterType.REGIONAL
    region: Label | None = None
    mesh_port: int = Field(default=51820, ge=1, le=65535)


class ClusterRegistration(ClusterChange):
    """The fields of a new cluster."""

    cluster_id: Label
    mesh_prefix: Prefix = Field(description="the network that mesh addresses come from")


def get_capacity(prefix: str) -> int:
    """Return how many node addresses a mesh prefix has."""
    network = ipaddress.ip_network(prefix)
    return network.num_addresses - _reserved(network) - 1


def get_address(prefix: str, offset: int) -> str:
    """Return the address at an offset that counts from 1.

    :raises Exhausted: the prefix ends before it.
    """
    if offset > get_capacity(prefix):
        raise Exhausted(
            f"The mesh prefix {prefix} has no address left: all {get_capacity(prefix)} are given "
            "out or in quarantine. Retire nodes and wait, or make a cluster with a wider prefix."
        )
    return str(ipaddress.ip_network(prefix)[offset])


def get_offset(prefix: str, address: str) -> int:
    """Return the offset of an address in the prefix, counted from 1.

    :raises BadInput: it lies outside, or is the network's own or its broadcast address.
    """
    network = ipaddress.ip_network(prefix)
    wanted = ipaddress.ip_address(address)
    if wanted in network:
        offset = int(wanted) - int(network.network_address)
        if 1 <= offset <= get_capacity(prefix):
            return offset
    reason = f"{address} is no host address of the cluster's mesh prefix {prefix}"
    raise BadInput(
        f"{reason}. Leave it out to be given one.",
        field_errors=[FieldError("wireguard_ip", reason)],
    )


def _reserved(network: IPNetwork) -> int:
    # IPv4 keeps its last address for broadcasts; both keep the first (RFC 4291, section 2.6.1).
    return 1 if network.version == 4 else 0  # noqa: PLR2004 - the protocol's number
