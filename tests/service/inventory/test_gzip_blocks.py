# SPDX-License-Identifier: Apache-2.0
"""Pieces make one gzip member that every client reads, whatever they are."""

import zlib

from hypothesis import given
from hypothesis import strategies as st

from inventory_service.inventory.gzip_blocks import Piece, hash_pieces, zip_pieces

PIECES = st.lists(st.lists(st.binary(max_size=300), max_size=4), max_size=6)


@given(PIECES)
def test_the_pieces_are_one_member_with_a_right_checksum(texts: list[list[bytes]]) -> None:
    pieces = [Piece(part) for part in texts]
    reader = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    assert reader.decompress(b"".join(zip_pieces(pieces))) == b"".join(map(b"".join, texts))
    assert reader.eof
    assert reader.unused_data == b""


def test_a_long_piece_has_a_right_checksum_too() -> None:
    pieces = [Piece([b"x" * 300_000]), Piece([b"yz" * 1_000_000])]
    reader = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    assert len(reader.decompress(b"".join(zip_pieces(pieces)))) == 2_300_000
    assert reader.eof


@given(PIECES, PIECES)
def test_other_bytes_have_another_name(one: list[list[bytes]], other: list[list[bytes]]) -> None:
    names = [hash_pieces([Piece(part) for part in texts]) for texts in (one, other)]
    same = list(map(b"".join, one)) == list(map(b"".join, other))
    assert (names[0] == names[1]) == same


def test_the_first_bytes_can_be_left_out() -> None:
    piece = Piece([b",a", b",b"], skip=1)
    assert piece.read() == b"a,b"
    assert piece.length == 3
