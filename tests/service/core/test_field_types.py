# SPDX-License-Identifier: Apache-2.0
"""What the fleet accepts from outside, as tables of good and bad values."""

from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from inventory_service.core import field_types
from inventory_service.core.field_types import Moment

BAD_LABELS = [
    "",
    "-web",
    "web-",
    "Web",
    "web_1",
    "web 1",
    "web\n",
    "web\n1",
    "../etc",
    "--limit",
    "web.prod",
    "a" * 64,
    "a" * 65536,
    "wéb",
    "ｗｅｂ",
    "аdmin",
    "{{x}}",
]


@pytest.mark.parametrize("value", BAD_LABELS)
def test_a_bad_label_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="RFC 1123"):
        field_types.check_label(value)


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ("\u0430dmin", "U+0430 (CYRILLIC SMALL LETTER A)"),
        ("we\u03bf", "U+03BF (GREEK SMALL LETTER OMICRON)"),
        ("\uff57eb", "U+FF57 (FULLWIDTH LATIN SMALL LETTER W)"),
        ("web\u20101", "U+2010 (HYPHEN)"),
        ("web-\u0661", "U+0661 (ARABIC-INDIC DIGIT ONE)"),
        ("we\u200bb", "U+200B (ZERO WIDTH SPACE)"),
        ("web\u202e1", "U+202E (RIGHT-TO-LEFT OVERRIDE)"),
        ("d\u00e9j", "U+00E9 (LATIN SMALL LETTER E WITH ACUTE)"),
        ("de\u0301j", "U+0301 (COMBINING ACUTE ACCENT)"),
        ("web\x85", "U+0085"),
        ("\U0001d41aws", "U+1D41A (MATHEMATICAL BOLD SMALL A)"),
    ],
)
def test_what_only_looks_like_a_label_is_refused_by_its_name(value: str, named: str) -> None:
    with pytest.raises(ValueError, match="RFC 1123") as refusal:
        field_types.check_label(value)
    assert str(refusal.value).endswith(f"; it holds {named}")
    assert str(refusal.value).isascii()


@given(st.from_regex(r"\A[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\Z"))
def test_every_rfc_1123_label_passes_unchanged(value: str) -> None:
    assert field_types.check_label(value) == value


@given(st.text())
def test_what_passes_as_a_label_is_harmless_as_path_option_and_group(value: str) -> None:
    try:
        field_types.check_label(value)
    except ValueError:
        return
    assert value.isascii()
    assert not value.startswith("-")
    assert not set(value) & set("/.\\ \n{}%_")


@pytest.mark.parametrize("value", ["localhost", "all", "ungrouped"])
def test_a_node_can_not_be_called_what_ansible_means_otherwise(value: str) -> None:
    with pytest.raises(ValueError, match="Ansible"):
        field_types.check_node_id(value)


@pytest.mark.parametrize("value", ["all", "3d", "cluster-main", "state-active", "env-x"])
def test_a_node_type_can_not_hide_another_group(value: str) -> None:
    with pytest.raises(ValueError, match="must"):
        field_types.check_node_type(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [("10.0.0.1", "10.0.0.1"), ("2001:DB8::0001", "2001:db8::1")],
)
def test_addresses_come_out_in_one_form(value: str, expected: str) -> None:
    assert field_types.check_address(value) == expected


@pytest.mark.parametrize(
    "value",
    ["", "10.0.0", "10.0.0.256", "010.0.0.1", "10.0.0.1/24", "::", "0.0.0.0", "224.0.0.1",
     "fe80::1%eth0", "10.0.0.1 ", "host", "-1", "１０.0.0.1"],
)  # fmt: skip
def test_what_is_no_address_of_one_host_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="address"):
        field_types.check_address(value)


@pytest.mark.parametrize(
    "value", ["10.0.0.0/31", "10.0.0.1/24", "10.0.0.0", "x", "127.0.0.0/8", "224.0.0.0/8", ""]
)
def test_what_can_be_no_mesh_prefix_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match=r"network|room|routed"):
        field_types.check_prefix(value)


@pytest.mark.parametrize("value", ["a\nb", "a\tb", "\u202eabc", "\u200b", "a\u2028b", "\x1b[0m"])
def test_a_line_holds_no_character_that_people_can_not_see(value: str) -> None:
    with pytest.raises(ValueError, match=r"U\+") as refusal:
        field_types.check_text(value)
    assert str(refusal.value).isprintable()


@pytest.mark.parametrize("value", ["", "A" * 44, "A" * 43 + "=\n", "-" + "A" * 42 + "=", "x"])
def test_what_is_no_wireguard_key_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="WireGuard"):
        field_types.check_wireguard_key(value)


@pytest.mark.parametrize(
    "value", ["", "ssh-ed25519", "ssh-ed25519 AAAA comment", "ssh-ed25519 AA\nAA", "@cert x y"]
)
def test_what_is_no_ssh_key_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="SSH"):
        field_types.check_ssh_key(value)


@pytest.mark.parametrize("value", ["10.0.0.0/30", "fd00::/126"])
def test_the_smallest_prefix_has_four_addresses(value: str) -> None:
    assert field_types.check_prefix(value) == value


@pytest.mark.parametrize("value", ["10.0.0.0/31", "10.0.0.0/32", "fd00::/127"])
def test_a_prefix_of_fewer_addresses_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="room for fewer than two nodes"):
        field_types.check_prefix(value)


@pytest.mark.parametrize("text", ["2026-11-25T23:00:00 01:00", "2026-11-25T23:00:00.5 0100"])
def test_a_plus_that_became_a_blank_is_named(text: str) -> None:
    with pytest.raises(ValidationError, match="%2B"):
        TypeAdapter(Moment).validate_python(text)


@pytest.mark.parametrize("text", ["2026-11-25T23:00:00+01:00", "2026-11-25 23:00:00Z"])
def test_a_time_with_its_zone_is_taken(text: str) -> None:
    assert TypeAdapter(Moment).validate_python(text).tzinfo is UTC
