# SPDX-License-Identifier: Apache-2.0
"""Messages go to public hosts by https, and to what the operator names; to the metadata never."""

import ipaddress

import pytest

from inventory_service.core.errors import BadInput
from inventory_service.notifications.domain.destinations import Allowance, parse_destination, unwrap

PUBLIC = "93.184.216.34"


def choose(url: str, *addresses: str, allow: str = "") -> str:
    """Return the first of the addresses, if all are allowed."""
    found = {ipaddress.ip_address(address): address for address in addresses}
    Allowance.parse(allow).check(parse_destination(url), list(found))
    return next(iter(found.values()))


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("ftp://hook.example/x", "https://"),
        ("file:///etc/passwd", "https://"),
        ("gopher://hook.example/x", "https://"),
        ("//hook.example/x", "https://"),
        ("hook.example/x", "https://"),
        ("https://user@hook.example/", "user"),
        ("https://user:pass@hook.example/", "user"),
        ("https://hook.example@127.0.0.1/", "user"),
        ("https://@hook.example/", "user"),
        ("https://hook.example./", "dot"),
        ("https://127.0.0.1./", "dot"),
        ("https://hook.example/#part", "fragment"),
        ("https://hook.example/x#", "fragment"),
        ("https://hook.example\\@127.0.0.1/", "backslash"),
        ("https://hook.example/a b", "visible"),
        ("https://hook.example/\r\nX-Evil: 1", "visible"),
        ("https://hook.ex\tample/", "visible"),
        ("https://hööк.example/", "visible"),
        ("https://①②⑦.0.0.1/", "visible"),
        ("https:///path", "host"),
        ("https://", "host"),
        ("https://:443/", "host"),
        ("https://-x.example/", "host"),
        ("https://a..example/", "host"),
        (f"https://{'a' * 64}.example/", "host"),
        (f"https://{'a.' * 130}example/", "host"),
        ("https://2130706433/", "four decimal"),
        ("https://0x7f000001/", "four decimal"),
        ("https://0177.0.0.1/", "four decimal"),
        ("https://127.1/", "four decimal"),
        ("https://0x7f.0.0.0x1/", "four decimal"),
        ("https://1.2.3.4.5/", "four decimal"),
        ("https://[fe80::1%25eth0]/", "zone"),
        ("https://[::1/", "URL"),
        ("https://[v1.x]/", "IPv6|URL"),
        ("https://hook.example:0/", "port"),
        ("https://hook.example:65536/", "URL"),
        ("https://hook.example:x/", "URL"),
        ("https://hook.example/" + "a" * 2000, "visible"),
        ("", "visible"),
    ],
)
def test_what_two_readers_could_read_otherwise_is_no_destination(url: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as refusal:
        parse_destination(url)
    assert "pass" not in str(refusal.value).replace("password", "")


@pytest.mark.parametrize(
    ("url", "label", "host_header", "target"),
    [
        ("https://hook.example", "https://hook.example", "hook.example", "/"),
        ("HTTPS://Hook.Example/A?b=c", "https://hook.example", "hook.example", "/A?b=c"),
        ("https://hook.example:8443/a", "https://hook.example", "hook.example:8443", "/a"),
        ("http://[2606:4700::1]/a", "http://[2606:4700::1]", "[2606:4700::1]", "/a"),
        ("https://xn--hk-fkaa.example/", "https://xn--hk-fkaa.example", "xn--hk-fkaa.example", "/"),
    ],
)
def test_a_destination_has_a_label_without_its_path(
    url: str, label: str, host_header: str, target: str
) -> None:
    found = parse_destination(url)
    assert (found.label, found.host_header, found.target) == (label, host_header, target)


@pytest.mark.parametrize("address", [PUBLIC, "1.1.1.1", "2606:4700::1111", "::ffff:1.1.1.1"])
def test_public_addresses_are_for_everybody(address: str) -> None:
    assert choose("https://hook.example/", address) == address


PRIVATE = ["10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "127.0.0.1", "127.8.9.10"]
PRIVATE += ["::1", "fd00::1", "fc00::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::a00:1"]


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_need_the_operator(address: str) -> None:
    with pytest.raises(BadInput, match="private"):
        choose("https://hook.example/", address)
    whole = "10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,127.0.0.0/8,::1,fc00::/7"
    assert choose("https://hook.example/", address, allow=whole) == address
    assert choose("https://hook.example/", address, allow="hook.example") == address
    with pytest.raises(BadInput, match="private"):
        choose("https://hook.example/", address, allow="192.0.2.0/24,other.example")


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "0.1.2.3",
        "100.64.0.1",
        "100.100.100.200",
        "169.254.169.254",
        "169.254.170.2",
        "168.63.129.16",
        "192.0.0.192",
        "192.0.2.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::7f00:1",
        "fe80::1",
        "fec0::1",
        "ff02::1",
        "fd00:ec2::254",
        "2001:db8::1",
        "2001::1",
        "2002:7f00:1::",
        "100::1",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",
    ],
)
def test_some_addresses_are_for_nobody(address: str) -> None:
    for allow in ("", "hook.example", "0.0.0.0/0,::/0"):
        with pytest.raises(BadInput, match="never"):
            choose("https://hook.example/", address, allow=allow)


def test_an_address_of_no_known_kind_is_not_public() -> None:
    with pytest.raises(BadInput):
        choose("https://hook.example/", "4000::1")


def test_all_addresses_of_a_host_must_be_allowed() -> None:
    with pytest.raises(BadInput, match="private"):
        choose("https://hook.example/", PUBLIC, "10.0.0.1")
    with pytest.raises(BadInput, match="no address"):
        choose("https://hook.example/")


@pytest.mark.parametrize(
    "host", ["localhost", "mattermost", "db.internal", "x.local", "a.home.arpa"]
)
def test_names_of_ones_own_need_the_operator(host: str) -> None:
    with pytest.raises(BadInput, match="QM_NOTIFY_ALLOW"):
        choose(f"https://{host}/", PUBLIC, allow="10.0.0.0/8")
    assert choose(f"https://{host}/", "10.0.0.1", allow=host) == "10.0.0.1"


def test_plain_http_needs_the_operator() -> None:
    with pytest.raises(BadInput, match="https"):
        choose("http://hook.example/", PUBLIC)
    assert choose("http://hook.example/", PUBLIC, allow="hook.example") == PUBLIC
    assert choose("http://hook.example/", "10.0.0.1", allow="10.0.0.0/8") == "10.0.0.1"


def test_a_refusal_holds_no_path() -> None:
    with pytest.raises(BadInput) as refusal:
        choose("https://hook.example/services/T0/secret?token=secret", "10.0.0.1")
    assert "secret" not in refusal.value.detail + repr(refusal.value.field_errors)


def test_what_stands_for_an_ipv4_address_is_judged_as_that() -> None:
    assert str(unwrap(ipaddress.ip_address("::ffff:10.0.0.1"))) == "10.0.0.1"
    assert str(unwrap(ipaddress.ip_address("64:ff9b::10.0.0.1"))) == "10.0.0.1"
    assert str(unwrap(ipaddress.ip_address("2606:4700::1"))) == "2606:4700::1"
