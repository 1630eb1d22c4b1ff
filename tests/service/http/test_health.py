# SPDX-License-Identifier: Apache-2.0
"""Probes of liveness and readiness."""

from collections.abc import Callable

from flask import Flask

from inventory_service.core.database.schema import downgrade
from inventory_service.settings import Settings
from tests.service.conftest import Caller


def test_a_service_that_can_work_says_so(stranger: Caller, settings: Settings) -> None:
    assert stranger.get("/health/live") == {"status": "live"}
    ready = stranger.get("/health/ready")
    assert ready["status"] == "ready"
    assert settings.database_url.startswith(ready["database"])
    assert ready["schema"].isdigit()


def test_another_schema_is_not_ready_and_says_what_to_do(
    stranger: Caller, settings: Settings
) -> None:
    downgrade(settings.database_url, "base")
    assert "qm migrate" in stranger.get("/health/ready", status=503)["detail"]
    assert stranger.get("/health/live") == {"status": "live"}


def test_one_connection_to_the_database_is_enough(
    make_app: Callable[[Settings], Flask], settings: Settings
) -> None:
    app = make_app(settings.model_copy(update={"database_connections": 1, "lock_timeout_s": 1}))
    stranger = Caller(app.test_client(), None)
    for _ in range(2):
        assert stranger.get("/health/ready")["status"] == "ready"
