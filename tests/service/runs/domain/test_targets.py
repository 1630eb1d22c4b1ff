# SPDX-License-Identifier: Apache-2.0
"""A limit selects what it names among the hosts that the template allows, and never more."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory_service.core.errors import BadInput
from inventory_service.runs.domain.targets import (
    MOST_PATTERNS,
    MOST_WILDCARDS,
    Target,
    names_nodes,
    parse_limit,
    resolve_limit,
)

FLEET = [
    Target("web-2", ("web", "cluster-main")),
    Target("db-1", ("db", "cluster-main")),
    Target("web-1", ("web", "cluster-main")),
    Target("web-10", ("web", "cluster-other")),
]
NAMES = st.text("ab-", min_size=1, max_size=3).map(lambda text: f"n{text}")
FLEETS = st.dictionaries(NAMES, st.lists(st.sampled_from(["web", "db"])), min_size=1)


@pytest.mark.parametrize(
    ("limit", "names"),
    [
        ("", "db-1 web-1 web-10 web-2"),
        ("all", "db-1 web-1 web-10 web-2"),
        ("*", "db-1 web-1 web-10 web-2"),
        ("web-1", "web-1"),
        ("web", "web-1 web-10 web-2"),
        ("web-?", "web-1 web-2"),
        ("web-1*", "web-1 web-10"),
        ("?b-1", "db-1"),
        ("cluster-*", "db-1 web-1 web-10 web-2"),
        ("*-main", "db-1 web-1 web-2"),
        ("web-2,db", "db-1 web-2"),
        (" web-2 : db-1,, ", "db-1 web-2"),
        ("web-1\nweb-2\tdb-1", "db-1 web-1 web-2"),
        ("web-1,web-1,web", "web-1 web-10 web-2"),
        ("!web-1", "db-1 web-10 web-2"),
        ("web,!web-1*", "web-2"),
        ("!web-1*,web", "web-2"),
        ("!web", "db-1"),
        ("web:!cluster-main", "web-10"),
        ("web,!cache-*", "web-1 web-10 web-2"),
    ],
)
def test_a_limit_selects_by_names_groups_and_wildcards(limit: str, names: str) -> None:
    assert resolve_limit(limit, FLEET) == names.split()


@pytest.mark.parametrize(
    ("limit", "reason"),
    [
        ("web-3", "has 'web-3', which matches no node"),
        ("web,cache", "has 'cache', which matches no node"),
        ("cache-*", "has 'cache-*', which matches no node"),
        ("WEB", "has 'WEB', which matches no node"),
        ("web,!web", "leaves no node"),
        ("!all", "leaves no node"),
        ("!*", "leaves no node"),
        (",", "has no pattern"),
        (" ", "has no pattern"),
        (":,:", "has no pattern"),
        ("-i,evil", "has '-i', which is no pattern"),
        ("--limit=web", "has '--limit=web', which is no pattern"),
        ("!-web", "has '!-web', which is no pattern"),
        ("!!web", "has '!!web', which is no pattern"),
        ("!", "has '!', which is no pattern"),
        ("@/etc/passwd", "has '@/etc/passwd', which is no pattern"),
        ("../web", "has '../web', which is no pattern"),
        ("~web.*", "has '~web.*', which is no pattern"),
        ("&web", "has '&web', which is no pattern"),
        ("web[0]", "has 'web[0]', which is no pattern"),
        ("{{x}}", "has '{{x}}', which is no pattern"),
        ("wéb", "has 'wéb', which is no pattern"),
        ("web;id", "has 'web;id', which is no pattern"),
        ("w" * 254, f"has '{'w' * 64}', which is no pattern"),
    ],
)
def test_what_selects_nothing_or_is_no_pattern_is_refused_by_name(limit: str, reason: str) -> None:
    with pytest.raises(BadInput) as refused:
        resolve_limit(limit, FLEET)
    assert refused.value.detail.startswith(f"The limit {reason}")
    (field_error,) = refused.value.field_errors
    assert field_error.field == "limit"
    assert field_error.reason.startswith(reason)


def test_a_name_can_have_253_characters() -> None:
    assert parse_limit(f"!{'w' * 253}") == [f"!{'w' * 253}"]


@pytest.mark.parametrize("limit", ["", "all", "web-1"])
def test_where_the_template_allows_no_host_nothing_can_be_selected(limit: str) -> None:
    with pytest.raises(BadInput, match="no node of the fleet fits the filters"):
        resolve_limit(limit, [])


@given(fleet=FLEETS, data=st.data())
def test_names_and_groups_select_those_of_that_name_less_those_left_out(
    fleet: dict[str, list[str]], data: st.DataObject
) -> None:
    targets = [Target(name, groups) for name, groups in fleet.items()]
    words = st.lists(st.sampled_from([*fleet, "web", "db"]), max_size=4)
    wanted, unwanted = data.draw(words), data.draw(words)
    limit = data.draw(st.permutations([*wanted, *(f"!{one}" for one in unwanted)]))
    expected = [
        name
        for name, groups in sorted(fleet.items())
        if (not wanted or {name, *groups} & set(wanted)) and not {name, *groups} & set(unwanted)
    ]
    known = {*fleet}.union(*fleet.values())
    if not expected or set(wanted) - known:
        with pytest.raises(BadInput):
            resolve_limit(",".join(limit), targets)
    else:
        assert resolve_limit(",".join(limit), targets) == expected


@given(st.text(max_size=30))
def test_any_text_selects_hosts_of_the_fleet_or_is_refused(limit: str) -> None:
    try:
        found = resolve_limit(limit, FLEET)
    except BadInput:
        return
    assert found == sorted(set(found))
    assert {*found} <= {target.name for target in FLEET}
    assert found


@pytest.mark.parametrize(
    ("limit", "is_named"),
    [
        ("", False),
        ("!web-1", False),
        ("!web-1,!web-2", False),
        ("web-1", True),
        ("all", True),
        ("!a,b", True),
    ],
)
def test_what_only_leaves_out_names_no_nodes(limit: str, *, is_named: bool) -> None:
    assert names_nodes(limit) is is_named


@pytest.mark.parametrize(("pattern", "most"), [("n", MOST_PATTERNS), ("n*", MOST_WILDCARDS)])
def test_a_limit_has_a_bounded_number_of_patterns(pattern: str, most: int) -> None:
    assert len(parse_limit(",".join([pattern] * most))) == most
    with pytest.raises(BadInput, match=f"has {most + 1} patterns"):
        parse_limit(",".join([pattern] * (most + 1)))


def test_ten_thousand_hosts_are_selected_by_a_group_but_not_name_by_name() -> None:
    fleet = [Target(f"n-{number}", ("web",)) for number in range(10_000)]
    assert len(resolve_limit("web", fleet)) == len(fleet)
    with pytest.raises(BadInput, match="has 10000 patterns, and 1000 are allowed; name a group"):
        resolve_limit(",".join(target.name for target in fleet), fleet)
