# SPDX-License-Identifier: Apache-2.0
"""Each kind of catalog entry has the same routes, and the file of the kind lists them."""

import re
from types import ModuleType

import pytest
from flask import Flask

from inventory_service.fleet.routes import clusters, environments, projects, services
from inventory_service.notifications.routes import notifications

KINDS = [clusters, environments, notifications, projects, services]


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
