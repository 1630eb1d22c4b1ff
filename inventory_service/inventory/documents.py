# SPDX-License-Identifier: Apache-2.0
"""An inventory document: joined from sections, of which only the changed ones cost anything."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from inventory_service.inventory.chunks import Section
from inventory_service.inventory.formats import Form, Members
from inventory_service.inventory.gzip_blocks import Piece, hash_pieces, zip_pieces

#: Says whether a host of these groups belongs into a document.
Fits = Callable[[tuple[str, ...]], bool]


@dataclass(frozen=True)
class _Portion:
    """The hosts of one section that belong into a document."""

    section: Section
    count: int
    piece: Piece
    members: Members
    is_first: bool


@dataclass
class Document:
    """An answer for one revision of the fleet; its parts may stand in others too."""

    revision: int
    _begin: Piece
    _portions: Sequence[_Portion]
    _middle: Piece
    _groups: Sequence[Piece]
    _end: Piece

    @cached_property
    def etag(self) -> str:
        """Return a strong validator.

        The hash of the content stands beside the revision, since a restored database counts on
        from an older one.
        """
        return f"r{self.revision}-{hash_pieces(self._pieces)}"

    @property
    def length(self) -> int:
        """Return how many bytes the document has."""
        return sum(piece.length for piece in self._pieces)

    def read(self) -> Iterator[bytes]:
        """Yield the document, piece by piece, so that a large one is never in memory twice."""
        return (piece.read() for piece in self._pieces)

    def zip(self) -> list[bytes]:
        """Return the document as gzip, in pieces."""
        return list(zip_pieces(self._pieces))

    @cached_property
    def _pieces(self) -> Sequence[Piece]:
        rows = [portion.piece for portion in self._portions]
        return [self._begin, *rows, self._middle, *self._groups, self._end]

    def find_portions(self) -> dict[Section, _Portion]:
        """Return the portions by the section that they are of."""
        return {portion.section: portion for portion in self._portions}

    def make_groups(self, form: Form, portions: Sequence[_Portion]) -> Sequence[Piece]:
        """Return the groups of those portions; those that are as they were are taken from here."""
        if len(portions) == len(self._portions) and all(
            new is old or (new.count == old.count and new.members == old.members)
            for new, old in zip(portions, self._portions, strict=True)
        ):
            return self._groups
        known = {piece.digest: piece for piece in self._groups}
        return [known.get(piece.digest, piece) for piece in _make_groups(form, portions)]


@dataclass(frozen=True)
class Question:
    """What a document is to show: the hosts that fit, in a form, by the text at its place."""

    form: Form
    place: int
    fits: Fits


def make_document(
    question: Question, revision: int, sections: Sequence[Section], last: Document | None
) -> Document:
    """Return an answer; what is as in the last one to the same question is taken from it."""
    form = question.form
    portions = _make_portions(question, sections, last)
    groups = last.make_groups(form, portions) if last else _make_groups(form, portions)
    return Document(
        revision,
        Piece([form.begin(revision)]),
        portions,
        Piece([form.middle]),
        groups,
        Piece([form.end]),
    )


def _make_portions(
    question: Question, sections: Sequence[Section], last: Document | None
) -> list[_Portion]:
    known = last.find_portions() if last else {}
    portions: list[_Portion] = []
    for section in sections:
        portion = known.get(section)
        if portion is None or portion.is_first == bool(portions):
            portion = _make_portion(question, section, is_first=not portions)
        if portion.count:
            portions.append(portion)
    return portions


def _make_portion(question: Question, section: Section, *, is_first: bool) -> _Portion:
    hosts = [host for host in section.hosts if question.fits(host.groups)]
    piece = Piece([host.texts[question.place] for host in hosts], skip=int(is_first))
    return _Portion(section, len(hosts), piece, question.form.gather(hosts), is_first)


def _make_groups(form: Form, portions: Sequence[_Portion]) -> list[Piece]:
    gathered: dict[str, list[tuple[int, bytes]]] = {}
    start = 0
    for portion in portions:
        for group, members in portion.members.items():
            gathered.setdefault(group, []).append((start, members))
        start += portion.count
    shown = form.show_groups(dict(sorted(gathered.items())))
    return [Piece(texts, skip=int(place == 0)) for place, texts in enumerate(shown)]
