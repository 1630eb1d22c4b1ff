# SPDX-License-Identifier: Apache-2.0
"""Changed chunks are those that the whole fleet would be cut into; the others stay the same."""

from hypothesis import given
from hypothesis import strategies as st

from inventory_service.inventory.chunks import Host, HostChunk, make_chunks, update_chunks


def make_host(name: str, text: bytes = b"") -> Host:
    return Host(name, ("web",), (text,))


#: Names that begin a section, and as many that do not.
FIRST = [
    section.hosts[0].name
    for section in make_chunks(make_host(f"n-{number}") for number in range(2_000))[1:9]
]
OTHERS = [name for name in (f"n-{number}" for number in range(1, 40)) if name not in FIRST][:8]
NAMES = st.sampled_from(FIRST + OTHERS)
FLEETS = st.dictionaries(NAMES, st.binary(max_size=2))
CHANGES = st.dictionaries(NAMES, st.none() | st.binary(max_size=2))


def cut(fleet: dict[str, bytes]) -> list[HostChunk]:
    return make_chunks(make_host(name, text) for name, text in fleet.items())


@given(FLEETS, st.lists(CHANGES, max_size=5))
def test_changes_lead_to_the_sections_of_the_whole_fleet(
    fleet: dict[str, bytes], rounds: list[dict[str, bytes | None]]
) -> None:
    sections = cut(fleet)
    for changes in rounds:
        fleet = {name: text for name, text in (fleet | changes).items() if text is not None}
        hosts = {
            name: None if text is None else make_host(name, text) for name, text in changes.items()
        }
        sections = update_chunks(sections, hosts)
        assert [each.hosts for each in sections] == [each.hosts for each in cut(fleet)]


def test_sections_without_a_change_are_the_same_objects() -> None:
    before = make_chunks(make_host(f"n-{number:04}") for number in range(1_000))
    after = update_chunks(before, {"n-0500": make_host("n-0500", b"new")})
    assert len(before) > 3
    assert [one is other for one, other in zip(before, after, strict=True)].count(False) == 1
