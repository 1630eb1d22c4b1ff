# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The key of a pair: what it comes from, and that it never comes out otherwise."""

from __future__ import annotations

from ansible_collections.quartermaster.fleet.plugins.module_utils._wireguard.model import is_key
from ansible_collections.quartermaster.fleet.plugins.plugin_utils._mesh.preshared_keys import (
    derive_preshared_key,
    find_secret_fault,
)
from hypothesis import given
from hypothesis import strategies as st

NAMES = st.from_regex(r"[a-z0-9][a-z0-9-]{0,20}", fullmatch=True)
SECRETS = st.text(min_size=32, max_size=60)


def test_the_key_of_a_pair_is_the_same_for_ever() -> None:
    """With a release that derives another one, a mesh would fall apart host by host."""
    known = derive_preshared_key("0123456789abcdef0123456789abcdef", "web-1", "web-2")

    assert known == "GfJdFIndlMqmaRIOvJHlku3HJKRoFupwM4YjmzsUiWU="


@given(SECRETS, NAMES, NAMES)
def test_it_is_a_key_whoever_is_named_first(secret: str, one: str, other: str) -> None:
    made = derive_preshared_key(secret, one, other)

    assert is_key(made)
    assert made == derive_preshared_key(secret, *reversed((one, other)))


@given(SECRETS, SECRETS, st.frozensets(NAMES, min_size=2, max_size=5))
def test_other_pairs_and_other_secrets_have_other_keys(
    secret: str, another: str, names: frozenset[str]
) -> None:
    pairs = {frozenset((one, two)) for one in names for two in names if one != two}
    made = {derive_preshared_key(secret, *pair) for pair in pairs}

    assert len(made) == len(pairs)
    if secret != another:
        assert made.isdisjoint(derive_preshared_key(another, *pair) for pair in pairs)


def test_a_secret_is_long_or_none() -> None:
    assert find_secret_fault("") is None
    assert find_secret_fault("s" * 32) is None
    assert "s" * 31 not in (find_secret_fault("s" * 31) or "s" * 31)
