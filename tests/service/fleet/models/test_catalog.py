# SPDX-License-Identifier: Apache-2.0
"""Verbs of catalog entries: each sets its columns, and leaves one record of it."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from inventory_service.core.actors import Actor, Channel, Scope
from inventory_service.core.audit_log import AuditRecord
from inventory_service.core.database.engine import Database
from inventory_service.core.errors import Conflict
from inventory_service.fleet.models.projects import Project

ACTOR = Actor("somebody", Channel.CLI, Scope.OPERATOR)
FIELDS = {"project": "shop", "description": "sells", "owner": None}


def last_record(session: Session) -> AuditRecord:
    return session.scalars(select(AuditRecord).order_by(AuditRecord.id.desc()).limit(1)).one()


def test_a_registration_is_recorded_with_its_fields(database: Database) -> None:
    with database.writing() as session:
        project = Project.register(session, ACTOR, FIELDS, "new")
        entry = last_record(session)
        assert (entry.action, entry.noun, entry.subject) == ("register", "project", "shop")
        assert (entry.before, entry.after, entry.reason) == (None, FIELDS, "new")
        assert (project.created_at, project.revision) == (entry.at, entry.revision)
        assert project.as_dict() == FIELDS | {
            "created_at": entry.at,
            "retired_at": None,
            "revision": entry.revision,
        }


def test_a_change_is_recorded_before_and_after(database: Database) -> None:
    with database.writing() as session:
        Project.register(session, ACTOR, FIELDS, None)
    with database.writing() as session:
        project = session.get_one(Project, "shop")
        project.change({"owner": "sales"}, ACTOR, "moved")
        session.flush()
        entry = last_record(session)
        assert project.owner == "sales"
        assert (entry.action, entry.reason) == ("change", "moved")
        assert (entry.before, entry.after) == ({"owner": None}, {"owner": "sales"})
        assert project.revision == entry.revision


def test_a_retired_entry_neither_changes_nor_retires_again(database: Database) -> None:
    with database.writing() as session:
        project = Project.register(session, ACTOR, FIELDS, None)
        project.retire(ACTOR, "done")
        session.flush()
        entry = last_record(session)
        assert (entry.action, entry.reason, entry.at) == ("retire", "done", project.retired_at)
        for verb in (
            lambda: project.change({"owner": "sales"}, ACTOR, None),
            lambda: project.retire(ACTOR, None),
        ):
            with pytest.raises(Conflict, match="Project 'shop' is retired"):
                verb()
        assert last_record(session) is entry
