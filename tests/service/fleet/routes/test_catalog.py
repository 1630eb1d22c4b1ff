# SPDX-License-Identifier: Apache-2.0
"""Each kind of catalog entry has the same routes, and the file of the kind lists them."""

import re
from dataclasses import replace
from types import ModuleType

import pytest
from flask import Flask

from inventory_service.core.actors import Role
from inventory_service.fleet.routes import clusters, environments, projects, services
from inventory_service.fleet.routes.catalog import ResourceSpec, make_routes
from inventory_service.notifications.routes import notifications
from inventory_service.runs.routes import templates

FLEET = [clusters, environments, projects, services]
KINDS = [*FLEET, notifications, templates]


@pytest.fixture
def empty_app() -> Flask:
    return Flask(__name__)


@pytest.mark.parametrize("module", KINDS, ids=lambda module: module.RESOURCE.collection)
def test_the_docstring_of_a_kind_lists_its_routes(empty_app: Flask, module: ModuleType) -> None:
    empty_app.register_blueprint(module.routes)
    served = {
        (method, rule.rule)
        for rule in empty_app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.endpoint != "static"
    }
    listed = re.findall(r"^ *(GET|POST|PATCH) +(/\S+) ", module.__doc__ or "", re.MULTILINE)
    assert sorted(listed) == sorted(served)
    assert len(listed) == 5


def read_needs(app: Flask, resource: ResourceSpec) -> dict[str, tuple[Role, bool]]:
    """Return, for each act on a kind, the role that it needs and whether strangers may."""
    app.register_blueprint(make_routes(resource))
    return {
        name.rpartition(".")[2]: view.required_role  # type: ignore[attr-defined] # of `require_role`
        for name, view in app.view_functions.items()
        if name != "static"
    }


@pytest.mark.parametrize("role", list(Role))
def test_a_kind_says_who_may_change_it_and_all_may_read(empty_app: Flask, role: Role) -> None:
    found = read_needs(empty_app, replace(projects.RESOURCE, role=role))
    reading = dict.fromkeys(("list_all", "show"), (Role.VIEWER, False))
    writing = dict.fromkeys(("register", "change", "retire"), (role, False))
    assert found == reading | writing


@pytest.mark.parametrize("module", FLEET, ids=lambda module: module.RESOURCE.collection)
def test_operators_may_change_each_kind_of_the_fleet(module: ModuleType) -> None:
    assert module.RESOURCE.role is Role.OPERATOR
