# SPDX-License-Identifier: Apache-2.0
"""Outsiders see of a run what the API declares, and nothing that is for workers alone."""

from inventory_service.runs.models.shown_fields import FIELDS
from inventory_service.runs.routes.schemas import RunOut


def test_a_run_shows_what_the_api_declares() -> None:
    assert set(FIELDS) == set(RunOut.model_fields)
    assert len(FIELDS) == len(set(FIELDS))


def test_neither_claims_nor_secrets_are_shown() -> None:
    hidden = {"claim_token", "sealed_answers", "variables", "supervisor", "locks"}
    assert not hidden & set(FIELDS)
