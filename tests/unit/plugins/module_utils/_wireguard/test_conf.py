# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The file of wg-quick and the input of syncconf."""

from __future__ import annotations

import base64
import typing as t

import pytest
from ansible_collections.quartermaster.fleet.plugins.module_utils._wireguard.conf import (
    HEADER,
    Damaged,
    parse,
    render,
    render_sync,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._wireguard.model import (
    NO_KEY,
    Interface,
    Peer,
)
from hypothesis import given
from hypothesis import strategies as st


def key(number: int) -> str:
    return base64.b64encode(number.to_bytes(32, "big")).decode()


PRIVATE = key(1)
PEERS = (
    Peer("a", key(2), "192.0.2.2:51820", ("10.8.0.2/32", "192.168.7.0/24"), 25),
    Peer("b", key(3), "[2001:db8::3]:1", ("fd00::3/128",), None),
    Peer("c", key(4), None, (), None, standby_key=key(5), preshared_key=key(6)),
)
WHOLE = Interface(("10.8.0.1/24", "fd00::1/64"), 51820, 1420, PEERS)


def test_what_is_written_is_read_back_the_same() -> None:
    conf = parse(render(WHOLE, PRIVATE))

    assert conf.interface == WHOLE
    assert conf.private_key == PRIVATE
    assert conf.foreign == ()


@given(st.integers(0, 5), st.sampled_from([None, 51820]), st.sampled_from([None, 1420]))
def test_any_number_of_peers_and_settings_survives(
    count: int, port: int | None, mtu: int | None
) -> None:
    peers = tuple(Peer(f"p{n}", key(n + 5), None, (f"10.8.0.{n}/32",), None) for n in range(count))
    wanted = Interface(("10.8.1.1/24",), port, mtu, peers)

    assert parse(render(wanted, PRIVATE)).interface == wanted


def test_no_file_that_lost_its_tail_is_taken_for_a_smaller_mesh() -> None:
    text = render(WHOLE, PRIVATE)

    for length in range(len(HEADER) + 1, len(text)):
        with pytest.raises(Damaged):
            parse(text[:length])


def test_a_file_that_lost_a_peer_in_its_middle_is_damaged() -> None:
    first, __, rest = render(WHOLE, PRIVATE).partition("\n\n[Peer]")
    text = first + rest[rest.index("\n\n[Peer]") :]

    with pytest.raises(Damaged, match="has 2 peers where its last line counts 3"):
        parse(text)


def test_a_file_written_by_hand_is_read_with_what_is_foreign_in_it() -> None:
    text = f"""
    [interface]  # mine
    privatekey={PRIVATE}
    ADDRESS = 10.8.0.1/24
    Address = fd00::1/64
    PostUp = iptables -A x
    Table = off
    [peer]
    PublicKey={key(2)}
    AllowedIPs = 10.8.0.2/32,10.8.0.3/32
    AllowedIPs = 10.8.0.4/32
    PersistentKeepalive = off
    PresharedKey = {key(9)}
    """

    conf = parse(text)

    assert conf.foreign == ("postup", "table")
    (peer,) = conf.interface.peers
    assert peer.name.startswith("key-")
    assert peer.allowed_ips == ("10.8.0.2/32", "10.8.0.3/32", "10.8.0.4/32")
    assert peer.persistent_keepalive is None
    assert peer.preshared_key == key(9)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        HEADER,
        "[Peer]\nPublicKey = x\n",
        f"PrivateKey = {PRIVATE}\n",
        "[Interface]\n",
        "[Interface]\nPrivateKey = short\n",
        f"[Interface]\nPrivateKey = {PRIVATE}\ngarbage\n",
        f"[Interface]\nPrivateKey = {PRIVATE}\n[Interface]\nPrivateKey = {PRIVATE}\n",
        f"[Interface]\nPrivateKey = {PRIVATE}\nListenPort = x\n",
        f"[Interface]\nPrivateKey = {PRIVATE}\nMTU = 5\n",
        f"[Interface]\nPrivateKey = {PRIVATE}\nAddress = {PRIVATE}\n",
        f"[Interface]\nPrivateKey = {PRIVATE}\n[Peer]\nPublicKey = x\n",
        f"[Interface]\nPrivateKey = {PRIVATE}\n[Peer]\nPublicKey = {key(2)}\nEndpoint = a.b:1\n",
        f"[Interface]\nPrivateKey = {PRIVATE}\n[Pear]\nPublicKey = {key(2)}\n",
    ],
)
def test_what_wg_quick_would_refuse_is_damaged_and_no_key_is_repeated(text: str) -> None:
    with pytest.raises(Damaged) as damage:
        parse(text)

    assert PRIVATE not in str(damage.value)


def test_a_peer_name_from_a_file_cannot_break_out_of_its_comment() -> None:
    text = f"[Interface]\nPrivateKey = {PRIVATE}\n[Peer]\n# name: -x;y\nPublicKey = {key(2)}\n"

    assert parse(text).interface.peers[0].name.startswith("key-")


def test_the_private_key_is_not_in_the_representation_of_a_file() -> None:
    assert PRIVATE not in repr(parse(render(WHOLE, PRIVATE)))


def settings(text: str) -> list[str]:
    return [line.partition(" = ")[0] for line in text.splitlines() if " = " in line]


def test_the_input_of_syncconf_has_the_private_key_and_nothing_of_wg_quick() -> None:
    text = render_sync(WHOLE, PRIVATE, listen_port=4)

    assert f"PrivateKey = {PRIVATE}" in text
    assert "ListenPort = 51820" in text
    assert not {"Address", "MTU", "DNS", "PostUp"} & set(settings(text))


@pytest.mark.parametrize("peers", [(), PEERS])
def test_no_input_of_syncconf_is_without_the_key(peers: tuple[Peer, ...]) -> None:
    assert settings(render_sync(Interface(peers=peers), PRIVATE, listen_port=None))[0] == (
        "PrivateKey"
    )


def test_the_input_of_syncconf_says_also_what_a_peer_has_not() -> None:
    text = render_sync(Interface(peers=(Peer("c", key(4)),)), PRIVATE, listen_port=None)

    # Learnt on a host: syncconf leaves a preshared key that its input does not name.
    assert f"PresharedKey = {'A' * 43}=" in text
    assert "PersistentKeepalive = off" in text


def test_the_running_port_is_kept_where_none_is_stated() -> None:
    assert "ListenPort = 4444" in render_sync(Interface(), PRIVATE, listen_port=4444)


def test_a_peer_that_moved_keeps_its_endpoint() -> None:
    text = render_sync(WHOLE, PRIVATE, listen_port=None, roaming={key(2)})

    assert "192.0.2.2" not in text
    assert "[2001:db8::3]:1" in text


@given(st.text(max_size=200))
def test_no_text_breaks_the_reader(text: str) -> None:
    reasons: t.Any = None
    try:
        parse(f"[Interface]\nPrivateKey = {PRIVATE}\n{text}")
    except Damaged as damage:
        reasons = str(damage)
    assert reasons is None or PRIVATE not in reasons


def test_a_key_to_which_a_peer_may_change_is_on_standby() -> None:
    text = render_sync(WHOLE, PRIVATE, listen_port=None)

    held = next(block for block in text.split("\n\n") if f"PublicKey = {key(5)}" in block)
    assert "AllowedIPs" not in held
    preshared = held.partition("PresharedKey = ")[2].partition("\n")[0]
    assert preshared not in ("", NO_KEY)
    assert held not in render_sync(WHOLE, PRIVATE, listen_port=None)
    # wg-quick has no use for it: only the running interface knows it.
    assert f"PublicKey = {key(5)}" not in render(WHOLE, PRIVATE)
