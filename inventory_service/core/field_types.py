# SPDX-License-Identifier: Apache-2.0
"""Types of fields in requests and files, each with its check.

An accepted value can't act as a path, an option, a template or a second line.
"""

import ipaddress
import re
import unicodedata
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, StringConstraints

from inventory_service.core.clock import check_moment
from inventory_service.core.labels import LABEL_PATTERN

_LABEL = re.compile(LABEL_PATTERN)
_WIREGUARD_KEY = re.compile(r"[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=\Z")
_SSH_KEY = re.compile(r"(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521)) [A-Za-z0-9+/]+=*\Z")
#: A path of RFC 3986, section 3.3, with a query; nothing that a shell or a template could read.
_URL_PATH = re.compile(r"/[A-Za-z0-9._~:@%/?&=+,;-]*\Z")

_BLANK_ZONE = re.compile(r":[0-9.]+ [0-9]{2}:?[0-9]{2}\Z")
#: How many labels a node has.
MOST_LABELS = 64
#: Names with a meaning of their own for Ansible or for every host.
RESERVED_NODES = frozenset({"all", "ungrouped", "localhost"})
_GROUP_PREFIXES = ("cluster-", "region-", "env-", "project-", "state-", "service-")


def check_label(value: str) -> str:
    """Return the name if it is an RFC 1123 label in lower case.

    :raises ValueError: it is not.
    """
    if not _LABEL.match(value):
        # Some look like those that are allowed, or like nothing at all.
        strange = next((character for character in value if not character.isascii()), None)
        what = f"; it holds {name_character(strange)}" if strange else ""
        raise ValueError(
            f"must be an RFC 1123 label: 1 to 63 of a-z, 0-9 and '-', no '-' at either end{what}"
        )
    return value


def check_node_id(value: str) -> str:
    """Return the label if a host can be called so.

    :raises ValueError: it is no label, or a name that Ansible keeps for itself.
    """
    if check_label(value) in RESERVED_NODES:
        raise ValueError(f"must not be {value!r}: Ansible means something else by it")
    return value


def check_node_type(value: str) -> str:
    """Return the label if an Ansible group can be called so.

    :raises ValueError: it is no label, starts with a digit, or reads like another kind of group.
    """
    if check_label(value)[0].isdigit():
        raise ValueError("must start with a letter: an Ansible group is named after it")
    if value in RESERVED_NODES or value.startswith(_GROUP_PREFIXES):
        raise ValueError(f"must not be {value!r}: another group has that name")
    return value


def check_text(value: str) -> str:
    """Return the text if it is one line without control characters.

    :raises ValueError: it holds a control, format or unassigned character.
    """
    for character in value:
        if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Cn", "Zl", "Zp"}:
            raise ValueError(f"holds {name_character(character)}, which is not allowed in one line")
    return value


def name_character(character: str) -> str:
    """Return a character's number and name in Unicode, which no other one looks like."""
    name = unicodedata.name(character, "")
    return f"U+{ord(character):04X} ({name})" if name else f"U+{ord(character):04X}"


def check_zone(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return the value, if it is no time whose + became a blank on its way in a URL.

    :raises ValueError: it is.
    """
    if isinstance(value, str) and _BLANK_ZONE.search(value):
        raise ValueError("has a blank before its zone: in a URL, a + must be sent as %2B")
    return value


def check_label_count(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return the labels if they are not too many; each wrong one of a million would be an error.

    :raises ValueError: they are too many.
    """
    if isinstance(value, dict) and len(value) > MOST_LABELS:
        raise ValueError(f"has {len(value)} labels, and a node has {MOST_LABELS} at most")
    return value


def check_address(value: str) -> str:
    """Return the address in its canonical form, IPv4 or IPv6.

    :raises ValueError: it is no address of one host.
    """
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        raise ValueError(f"{value[:64]!r} is not an IP address") from None
    if address.is_multicast or address.is_unspecified or getattr(address, "scope_id", None):
        raise ValueError(f"{value[:64]!r} is not the address of one host")
    return str(address)


def check_prefix(value: str) -> str:
    """Return the network in its canonical form, ``10.90.0.0/24``.

    :raises ValueError: it is no network, or its host bits are set, or it holds fewer than 2 hosts.
    """
    try:
        network = ipaddress.ip_network(value)
    except ValueError as error:
        raise ValueError(f"{value[:64]!r} is not a network: {error}") from None
    if network.num_addresses < 4:  # noqa: PLR2004 - network, two hosts, broadcast
        raise ValueError(f"{value[:64]!r} has room for fewer than two nodes")
    if network.is_multicast or network.is_loopback or network.is_link_local:
        raise ValueError(f"{value[:64]!r} can't be routed in a mesh")
    return str(network)


def check_wireguard_key(value: str) -> str:
    """Return the public key: 32 bytes in base64, as ``wg pubkey`` prints it.

    :raises ValueError: it is not of that form.
    """
    if not _WIREGUARD_KEY.match(value):
        raise ValueError("is not a WireGuard public key (44 characters of base64)")
    return value


def check_ssh_key(value: str) -> str:
    """Return the public host key: type and base64, without a comment.

    :raises ValueError: it is not of that form.
    """
    if not _SSH_KEY.match(value):
        raise ValueError("is not an SSH public key ('ssh-ed25519 AAAA…', no comment)")
    return value


def check_url_path(value: str) -> str:
    """Return the path of a URL, from its first slash on.

    :raises ValueError: it is not of that form.
    """
    if not _URL_PATH.match(value):
        raise ValueError("must be the path of a URL: '/health', in the characters of RFC 3986")
    return value


NodeId = Annotated[str, StringConstraints(max_length=63), AfterValidator(check_node_id)]
NodeType = Annotated[str, StringConstraints(max_length=63), AfterValidator(check_node_type)]
Label = Annotated[str, StringConstraints(max_length=63), AfterValidator(check_label)]
Line = Annotated[str, StringConstraints(max_length=255), AfterValidator(check_text)]
Reason = Annotated[str, StringConstraints(max_length=1000), AfterValidator(check_text)]
Address = Annotated[str, StringConstraints(max_length=45), AfterValidator(check_address)]
Prefix = Annotated[str, StringConstraints(max_length=49), AfterValidator(check_prefix)]
WireguardKey = Annotated[str, AfterValidator(check_wireguard_key)]
SSHKey = Annotated[str, StringConstraints(max_length=1500), AfterValidator(check_ssh_key)]
UrlPath = Annotated[str, StringConstraints(max_length=255), AfterValidator(check_url_path)]
Moment = Annotated[AwareDatetime, BeforeValidator(check_zone), AfterValidator(check_moment)]
#: Free marks on a node, searched and shown, never run.
Labels = Annotated[dict[Label, Line], BeforeValidator(check_label_count)]
