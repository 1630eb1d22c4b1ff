# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which values an interface and its peers may have."""

from __future__ import annotations

import base64
import typing as t

import pytest
from ansible_collections.quartermaster.fleet.plugins.module_utils._wireguard.model import (
    Invalid,
    Peer,
    check_interface_name,
    check_range,
    fingerprint,
    is_key,
    parse_addresses,
    parse_allowed_ips,
    parse_endpoint,
    parse_peer,
)
from hypothesis import given
from hypothesis import strategies as st

KEY = base64.b64encode(b"k" * 32).decode()


@given(st.binary(min_size=32, max_size=32))
def test_thirty_two_bytes_are_a_key_but_for_zeros(content: bytes) -> None:
    assert is_key(base64.b64encode(content).decode()) is any(content)


@given(st.binary(max_size=64).filter(lambda content: len(content) != 32))
def test_other_lengths_are_no_key(content: bytes) -> None:
    assert not is_key(base64.b64encode(content).decode())


@pytest.mark.parametrize(
    "text", ["", KEY[:-1], KEY + "\n", " " + KEY, KEY[:-2] + "t=", "-" + KEY[1:], KEY + KEY]
)
def test_what_wg_would_refuse_is_no_key(text: str) -> None:
    assert not is_key(text)


@pytest.mark.parametrize("name", ["wg0", "mesh-1", "a.b_c", "x" * 15, "0"])
def test_interface_names_are_taken(name: str) -> None:
    assert check_interface_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "-wg0",
        ".",
        "..",
        ".wg",
        "a/b",
        "../x",
        "x" * 16,
        "a b",
        "wg0\n",
        "wg;x",
        "all",
        "lo",
        "default",
        "interfaces",
        "wg%i",
        "wg$(x)",
        "wgé",
    ],
)
def test_what_is_no_interface_name_is_refused(name: str) -> None:
    with pytest.raises(Invalid, match="no interface name"):
        check_interface_name(name)


@pytest.mark.parametrize(
    ("given", "canonical"),
    [
        ("192.0.2.1:51820", "192.0.2.1:51820"),
        ("[2001:DB8:0::1]:1", "[2001:db8::1]:1"),
        ("192.0.2.1:00080", "192.0.2.1:80"),
    ],
)
def test_endpoints_become_canonical(given: str, canonical: str) -> None:
    assert parse_endpoint(given) == canonical


@pytest.mark.parametrize(
    "text",
    [
        "192.0.2.1",
        "192.0.2.1:",
        "192.0.2.1:0",
        "192.0.2.1:65536",
        "192.0.2.1:x",
        ":51820",
        "host.example:51820",
        "2001:db8::1:51820",
        "[192.0.2.1]:51820",
        "[fe80::1%eth0]:51820",
        "0.0.0.0:51820",
        "224.0.0.1:51820",
        "192.0.2.1:51820\nPostUp = x",
        "192.0.2.1:١",
        "-192.0.2.1:51820",
        "192.0.2.1:51820 ",
        "x" * 65536,
    ],
)
def test_what_is_no_endpoint_is_refused_without_repeating_it_all(text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        parse_endpoint(text)
    assert len(str(refusal.value)) < 200


def test_allowed_ips_become_canonical_sorted_and_unique() -> None:
    found = parse_allowed_ips(["10.0.1.0/24", "10.0.0.1", "10.0.0.1/32", "FD00:0::/64"])

    assert found == ("10.0.0.1/32", "10.0.1.0/24", "fd00::/64")


@pytest.mark.parametrize("text", ["10.0.0.1/24", "10.0.0.0/33", "x", "", "0.0.0.0/0", "::/0"])
def test_what_is_no_network_behind_a_peer_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="allowed_ips"):
        parse_allowed_ips([text])


def test_addresses_keep_their_order() -> None:
    assert parse_addresses(["10.8.0.1/24", "FD00::1/64"]) == ("10.8.0.1/24", "fd00::1/64")


@pytest.mark.parametrize("text", ["10.8.0.0/31", "10.8.0.1/31", "10.8.0.0/32", "fd00::/64"])
def test_small_networks_have_no_addresses_to_spare(text: str) -> None:
    assert parse_addresses([text]) == (text,)


@pytest.mark.parametrize(
    "texts",
    [
        ["10.8.0.1"],
        ["x"],
        ["10.8.0.300/24"],
        ["0.0.0.0/24"],
        ["10.8.0.0/24"],
        ["10.8.0.255/24"],
        ["127.0.0.1/8"],
        ["224.0.0.1/24"],
        ["10.8.0.1/24", "10.8.0.2/24"],
        ["10.8.0.1/24", "10.8.0.1/24"],
        ["10.0.0.1/8", "10.8.0.1/32"],
    ],
)
def test_what_is_no_own_address_is_refused(texts: list[str]) -> None:
    with pytest.raises(Invalid, match="address"):
        parse_addresses(texts)


def test_a_peer_is_parsed_into_its_canonical_form() -> None:
    peer = parse_peer(
        {"name": "b", "public_key": KEY, "endpoint": "192.0.2.1:080", "allowed_ips": ["10.0.0.1"]}
    )

    assert peer == Peer("b", KEY, "192.0.2.1:80", ("10.0.0.1/32",), None)


def test_every_reason_against_a_peer_is_told() -> None:
    wrong: dict[str, t.Any] = {
        "name": "b",
        "public_key": "x",
        "endpoint": "y",
        "allowed_ips": ["z"],
        "persistent_keepalive": -1,
    }

    with pytest.raises(Invalid) as refusal:
        parse_peer(wrong)

    assert len(refusal.value.reasons) == 4
    assert all(reason.startswith("peer b: ") for reason in refusal.value.reasons)


@pytest.mark.parametrize("name", ["", "-b", "a b", "b\n[Peer]", "a/b", "x" * 254, "#"])
def test_a_peer_name_cannot_break_out_of_its_comment(name: str) -> None:
    with pytest.raises(Invalid, match="the name may hold"):
        parse_peer({"name": name, "public_key": KEY})


def test_a_fingerprint_is_short_and_tells_keys_apart() -> None:
    other = base64.b64encode(b"o" * 32).decode()

    assert len(fingerprint(KEY)) == 8
    assert fingerprint(KEY) != fingerprint(other)
    assert KEY not in fingerprint(KEY)


def test_what_a_peer_leaves_out_stays_as_it_is_known() -> None:
    known = Peer("b", KEY, "192.0.2.1:1", ("10.0.0.1/32",), 25)

    assert Peer("b", KEY).over(known) == known
    assert Peer("b", KEY, allowed_ips=(), persistent_keepalive=0).over(known) == Peer(
        "b", KEY, "192.0.2.1:1", (), 0
    )


def test_a_preshared_key_stays_unless_it_is_stated_to_be_none() -> None:
    known = Peer("b", KEY, preshared_key=KEY)

    assert Peer("b", KEY).over(known).preshared_key == KEY
    assert Peer("b", KEY, preshared_key="").over(known).preshared_key == ""


def test_a_preshared_key_that_is_none_is_refused_and_not_repeated() -> None:
    with pytest.raises(Invalid, match="peer b: preshared_key is no WireGuard key") as refused:
        parse_peer({"name": "b", "public_key": KEY, "preshared_key": "hunter2"})

    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "is_host"),
    [("10.8.0.0/30", False), ("10.8.0.1/30", True), ("10.8.0.2/30", True), ("10.8.0.3/30", False)],
)
def test_a_network_of_four_addresses_has_two_hosts(text: str, *, is_host: bool) -> None:
    if is_host:
        assert parse_addresses([text]) == (text,)
        return
    with pytest.raises(Invalid):
        parse_addresses([text])


@pytest.mark.parametrize("value", [None, 68, 9000])
def test_a_number_may_be_at_the_ends_of_its_range(value: int | None) -> None:
    assert check_range("mtu", value, 68, 9000) == value


@pytest.mark.parametrize("value", [67, 9001])
def test_a_number_beyond_its_range_is_refused(value: int) -> None:
    with pytest.raises(Invalid, match=f"mtu {value} is not within 68 and 9000"):
        check_range("mtu", value, 68, 9000)
