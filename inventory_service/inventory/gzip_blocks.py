# SPDX-License-Identifier: Apache-2.0
"""Pieces of a document: each is hashed and compressed once, however often the rest changes.

The compressed form is one gzip member made of blocks that know nothing of each other, as
`pigz --independent` writes it. A member a piece would be shorter to write, but many clients read
only the first one.
"""

import hashlib
import struct
import zlib
from collections.abc import Iterator, Sequence
from functools import cached_property

#: CRC-32 as gzip counts it (RFC 1952, 8): the polynomial, lowest power in the highest bit.
_POLYNOMIAL = 0xEDB88320
_ONE = 1 << 31
_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
#: The last block of a deflate stream, empty (RFC 1951, 3.2.6).
_LAST_BLOCK = b"\x03\x00"
#: Where speed and size meet.
_LEVEL = 5


class Piece:
    """Bytes that stay the same from one document to the next."""

    def __init__(self, texts: Sequence[bytes], *, skip: int = 0) -> None:
        """Take the texts as they are, so that others may share them, but for the first bytes."""
        self._texts = texts
        self._skip = skip
        body = self.read()
        self.length = len(body)
        self.digest = hashlib.blake2b(body, digest_size=16).digest()
        self.crc = zlib.crc32(body)

    def read(self) -> bytes:
        """Return the bytes."""
        return b"".join(self._texts)[self._skip :]

    @cached_property
    def deflated(self) -> bytes:
        """Return the bytes compressed, as whole blocks of which none is the last one."""
        packer = zlib.compressobj(_LEVEL, wbits=-zlib.MAX_WBITS)
        return packer.compress(self.read()) + packer.flush(zlib.Z_SYNC_FLUSH)

    @cached_property
    def shift(self) -> int:
        """Return what a checksum is multiplied with when these bytes follow."""
        power, square, bits = _ONE, _ONE >> 8, self.length
        while bits:
            if bits & 1:
                power = _multiply(square, power)
            square = _multiply(square, square)
            bits >>= 1
        return power


def hash_pieces(pieces: Sequence[Piece]) -> str:
    """Return a name for the bytes of all the pieces, the same for the same pieces only."""
    return hashlib.blake2b(b"".join(piece.digest for piece in pieces), digest_size=12).hexdigest()


def zip_pieces(pieces: Sequence[Piece]) -> Iterator[bytes]:
    """Yield the pieces as one gzip member; what was compressed before is not compressed again."""
    crc = length = 0
    yield _HEAD
    for piece in pieces:
        yield piece.deflated
        crc = _multiply(piece.shift, crc) ^ piece.crc
        length += piece.length
    yield _LAST_BLOCK + struct.pack("<II", crc, length & 0xFFFFFFFF)


def _multiply(one: int, other: int) -> int:
    """Return the product modulo the polynomial (``multmodp`` in crc32.c of zlib 1.3)."""
    product, bit = 0, _ONE
    while bit:
        if one & bit:
            product ^= other
        other = (other >> 1) ^ _POLYNOMIAL if other & 1 else other >> 1
        bit >>= 1
    return product
