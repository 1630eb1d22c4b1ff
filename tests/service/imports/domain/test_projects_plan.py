# SPDX-License-Identifier: Apache-2.0
"""A plan brings the fleet to what the file asks for, and no further."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory_service.core.errors import Conflict
from inventory_service.imports.domain.projects_csv import REQUIRED, Location, ProjectRow
from inventory_service.imports.domain.projects_plan import (
    Difference,
    KnownNode,
    Plan,
    RetirementShare,
    check_retirements,
    plan_projects,
)


def row(servers: int, master: str = "cx32", web: str = "cx22") -> ProjectRow:
    return ProjectRow("shop", servers, master, web, "prod", None, Location(2, REQUIRED))


def follow(plan: Plan, known: list[KnownNode]) -> list[KnownNode]:
    """Return the nodes after the plan was recorded and the old servers were destroyed."""
    sizes = {resize.node_id: resize.to_spec for resize in plan.resize}
    kept = [
        KnownNode(node.node_id, node.node_type, "shop", "prod", sizes.get(node.node_id, node.spec))
        for node in known
        if node.node_id not in plan.retire and not node.is_held
    ]
    added = [KnownNode(new.node_id, new.node_type, "shop", "prod", new.spec) for new in plan.add]
    return kept + added


def test_the_first_server_is_the_master_and_the_others_are_web() -> None:
    plan = plan_projects([row(3)], [])
    assert [(new.node_id, new.node_type, new.spec) for new in plan.add] == [
        ("shop-prod-master", "master", "cx32"),
        ("shop-prod-web-1", "web", "cx22"),
        ("shop-prod-web-2", "web", "cx22"),
    ]


def test_scaling_down_takes_the_highest_numbers_and_keeps_the_master() -> None:
    known = follow(plan_projects([row(12)], []), [])
    assert plan_projects([row(2)], known).retire == sorted(
        f"shop-prod-web-{number}" for number in range(2, 12)
    )


def test_a_name_whose_old_server_still_exists_is_passed_over() -> None:
    held = KnownNode("shop-prod-web-1", "web", "shop", "prod", "cx22", is_held=True)
    names = [new.node_id for new in plan_projects([row(2)], [held]).add]
    assert names == ["shop-prod-master", "shop-prod-web-2"]


@pytest.mark.parametrize(
    ("recorded", "in_file", "differs"),
    [
        ("lon1", "lon1", False),
        ("lon1", "fra1", True),
        (None, "fra1", True),
        ("lon1", None, False),
        (None, None, False),
    ],
)
def test_a_region_that_no_import_changes_is_a_difference(
    recorded: str | None, in_file: str | None, *, differs: bool
) -> None:
    known = [
        KnownNode("shop-prod-master", "master", "shop", "prod", "cx32", region=recorded),
        KnownNode("shop-prod-web-9", "web", "shop", "prod", "cx22", "retired", is_held=True),
    ]
    wanted = ProjectRow("shop", 1, "cx32", "cx22", "prod", in_file, Location(2, REQUIRED))
    plan = plan_projects([wanted], known)
    expected = [Difference("shop-prod-master", "region", recorded, in_file or "")]
    assert plan.differences == (expected if differs else [])
    assert (plan.add, plan.resize, plan.retire, plan.unchanged) == ([], [], [], 1)


def test_a_node_that_is_retired_or_added_differs_from_nothing() -> None:
    wanted = ProjectRow("shop", 1, "cx32", "cx22", "prod", "fra1", Location(2, REQUIRED))
    leaving = KnownNode("shop-prod-web-1", "web", "shop", "prod", "cx22", region="lon1")
    plan = plan_projects([wanted], [leaving])
    assert (plan.differences, len(plan.add), plan.retire) == ([], 1, ["shop-prod-web-1"])


def test_projects_that_the_file_does_not_name_are_left_alone() -> None:
    other = KnownNode("blog-prod-master", "master", "blog", "prod", "cx22")
    assert plan_projects([row(0)], [other]) == Plan()


def test_another_spec_is_a_resize() -> None:
    known = follow(plan_projects([row(2)], []), [])
    plan = plan_projects([row(2, web="cx42")], known)
    assert [(one.node_id, one.from_spec, one.to_spec) for one in plan.resize] == [
        ("shop-prod-web-1", "cx22", "cx42")
    ]
    assert plan.unchanged == 1


@given(st.lists(st.tuples(st.integers(0, 12), st.sampled_from(["cx22", "cx32"])), min_size=1))
def test_whatever_came_before_the_last_file_is_what_holds(
    files: list[tuple[int, str]],
) -> None:
    known: list[KnownNode] = []
    for count, spec in files:
        known = follow(plan_projects([row(count, web=spec)], known), known)
        assert len(known) == count
        assert len({node.node_id for node in known}) == count
        again = plan_projects([row(count, web=spec)], known)
        assert (again.add, again.resize, again.retire) == ([], [], [])


def test_the_digest_names_exactly_one_plan() -> None:
    plans = [plan_projects([row(count)], []) for count in (0, 1, 2, 2)]
    digests = [plan.digest for plan in plans]
    assert len(set(digests)) == 3
    assert digests[2] == digests[3]


def retiring(*shares: tuple[int, int]) -> Plan:
    """Return a plan that retires so many of the live nodes of some environments."""
    made = [RetirementShare(f"env{n}", retire, live) for n, (retire, live) in enumerate(shares)]
    names = [f"n{number}" for number in range(sum(retire for retire, _ in shares))]
    return Plan(retire=names, shares=made)


@pytest.mark.parametrize(
    ("shares", "max_retire"),
    [
        ([], None),
        ([], 0),
        ([(1, 3)], None),
        ([(3, 9), (1, 5)], None),
        ([(3, 3)], 3),
        ([(3, 3)], 4),
        ([(2, 2), (1, 9)], 3),
    ],
)
def test_a_plan_may_retire_a_third_or_the_number_that_was_named(
    shares: list[tuple[int, int]], max_retire: int | None
) -> None:
    check_retirements(retiring(*shares), max_retire)


@pytest.mark.parametrize(
    ("shares", "max_retire", "named"),
    [
        ([(1, 2)], None, "1 of 2 live nodes of environment 'env0'"),
        ([(2, 5)], None, "2 of 5 live nodes of environment 'env0'"),
        ([(1, 9), (4, 9)], None, "4 of 9 live nodes of environment 'env1'"),
        ([(4, 9), (4, 9)], None, "env0', 4 of 9 live nodes of environment 'env1'"),
        ([(1, 9)], 0, "`--max-retire 1`"),
        ([(2, 9), (2, 9)], 3, "`--max-retire 4`"),
    ],
)
def test_a_plan_that_retires_more_is_refused_with_the_number(
    shares: list[tuple[int, int]], max_retire: int | None, named: str
) -> None:
    with pytest.raises(Conflict) as refused:
        check_retirements(retiring(*shares), max_retire)
    assert named in refused.value.detail
    assert f"`--max-retire {sum(retire for retire, _ in shares)}`" in refused.value.detail
