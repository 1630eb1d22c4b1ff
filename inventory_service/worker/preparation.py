# SPDX-License-Identifier: Apache-2.0
"""What a run gets: the fleet as it is now, the environment, and which of it must not be printed."""

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy.orm import Session

from inventory_service.core.encryption import Vault
from inventory_service.core.redaction import is_secret_name
from inventory_service.inventory.usecases.documents import InventoryDocuments
from inventory_service.runs.domain.plans import PlanBasis, digest_fleet, digest_order
from inventory_service.runs.domain.sources import check_playbook
from inventory_service.runs.models.runs import Run
from inventory_service.runs.runner.contents import digest_content
from inventory_service.runs.runner.folders import MARK, RunInput
from inventory_service.runs.runner.playbooks import list_playbooks
from inventory_service.runs.usecases.orders import get_run
from inventory_service.runs.usecases.secret_answers import open_secrets
from inventory_service.settings import Settings

_UNSAFE = "__ansible_unsafe"


@dataclass(frozen=True)
class Prepared:
    """What a run gets, and the values among it that are secret."""

    wanted: RunInput
    secrets: frozenset[str]
    is_plan: bool
    #: Of a plan, and of what applies one.
    basis: PlanBasis | None


def prepare(
    session: Session,
    run: Run,
    settings: Settings,
    *,
    token: str,
    environment: Mapping[str, str],
    inventory: bytes | None = None,
) -> Prepared:
    """Return what the run gets: the fleet as it is now, unless there is an inventory for it.

    :raises BadInput: the playbook is not there, or no folder with playbooks is set.
    :raises Conflict: secret answers can't be opened.
    :raises OSError: a file on which a plan rests can't be read.
    """
    folder = settings.playbooks_dir
    check_playbook(run.playbook, list_playbooks(folder))
    assert folder is not None  # noqa: S101 - without one there is no playbook
    inventory = inventory or read_inventory(session)
    secret = open_secrets(run.sealed_answers, Vault(settings.secret_key_path).open)
    variables = run.variables | run.answers | secret
    wanted = RunInput(
        playbook=run.playbook,
        folder=folder,
        inventory=inventory,
        inventory_folders=settings.inventory_dirs,
        hosts=run.hosts,
        options=run.options,
        variables=variables,
        environment=_make_environment(run, settings, token, environment),
    )
    fleet = json.loads(inventory)
    documents = (fleet, variables, dict(environment))
    secrets = {token, *_find_secrets(secret, is_secret=True)}
    secrets.update(found for document in documents for found in _find_secrets(document))
    is_bound = run.is_plan or run.plan_of is not None
    basis = _read_basis(session, run, fleet, wanted) if is_bound else None
    return Prepared(wanted, frozenset(secrets), run.is_plan, basis)


def read_inventory(session: Session) -> bytes:
    """Return the fleet as it is now, as an inventory script prints it."""
    return b"".join(InventoryDocuments(orjson.dumps).get(session, "ansible", {}).read())


def _make_environment(
    run: Run, settings: Settings, token: str, environment: Mapping[str, str]
) -> dict[str, str]:
    own = {
        "QM_URL": settings.service_url,
        "QM_TOKEN": token,
        MARK: run.claim_token or "",
        "PATH": f"{Path(sys.executable).parent}:{environment.get('PATH', '/usr/bin:/bin')}",
        "PYTHONUNBUFFERED": "1",
        # ansible-runner would switch it off.
        "ANSIBLE_HOST_KEY_CHECKING": "True",
        "ANSIBLE_NOCOLOR": "1",
        # The inventory is the run's own, of the moment in which it began.
        "ANSIBLE_INVENTORY_ENABLED": "ansible.builtin.script,ansible.builtin.yaml",
    }
    config = (settings.playbooks_dir or Path()) / "ansible.cfg"
    if config.is_file():
        own["ANSIBLE_CONFIG"] = str(config)
    return {**environment, **own}


def _read_basis(
    session: Session, run: Run, fleet: Mapping[str, Any], wanted: RunInput
) -> PlanBasis:
    # A retry may have fewer hosts than its plan: what was approved is the plan.
    hosts = run.hosts if run.plan_of is None else get_run(session, run.plan_of).hosts
    order = digest_order(
        run.playbook,
        hosts,
        options=run.options,
        variables=run.variables,
        answers=run.answers,
    )
    playbook = digest_content(wanted.folder, wanted.inventory_folders)
    return PlanBasis(order, playbook, digest_fleet(fleet, hosts))


def _find_secrets(value: Any, *, is_secret: bool = False) -> Iterator[str]:  # noqa: ANN401 - any JSON
    """Yield each text below a name that is likely to be that of a secret."""
    if isinstance(value, str) and is_secret:
        yield value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            is_below = is_secret if name == _UNSAFE else is_secret or is_secret_name(name)
            yield from _find_secrets(inner, is_secret=is_below)
    elif isinstance(value, list):
        for inner in value:
            yield from _find_secrets(inner, is_secret=is_secret)
