# SPDX-License-Identifier: Apache-2.0
"""What orders need of others: the playbooks, the hosts by filters, and what seals secrets."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from inventory_service.core.errors import BadInput, Conflict, FieldError
from inventory_service.runs.domain.targets import Target


def _refuse_secrets(_secrets: object) -> NoReturn:
    raise Conflict("There is no key here to keep secret answers by.")


def _find_nothing(_playbook: str) -> Iterable[str]:
    return ()


@dataclass(frozen=True)
class RunSources:
    """The playbooks that runs may start, and the hosts that they may have."""

    #: Returns the names of the playbooks, read anew each time.
    list_playbooks: Callable[[], Collection[str]]
    #: Returns what of the fleet fits some filters; its first argument is a database session.
    list_targets: Callable[[Any, Mapping[str, Sequence[str]]], Iterable[Target]]
    #: Returns secret answers, by name, as they may be stored.
    seal: Callable[[Mapping[str, str]], str] = _refuse_secrets
    #: Returns what `seal` got.
    unseal: Callable[[str], Mapping[str, str]] = _refuse_secrets
    #: Returns what of a playbook concerns all of its hosts at once, so that it can't be sliced.
    list_obstacles: Callable[[str], Iterable[str]] = _find_nothing

    def check_playbook(self, name: str) -> None:
        """Raise BadInput if runs may not start the playbook.

        :raises BadInput: it is not on the list.
        """
        check_playbook(name, self.list_playbooks())


def check_playbook(name: str, known: Collection[str]) -> None:
    """Raise BadInput if a playbook is none of those that runs may start.

    :raises BadInput: it is not.
    """
    if name in known:
        return
    if not known:
        step = "Set QM_PLAYBOOKS_DIR to a folder with playbooks, for the service and its worker"
    else:
        step = "`qm template playbooks` lists those that there are"
    raise BadInput(
        f"There is no playbook '{name[:64]}' that runs may start. {step}.",
        field_errors=[FieldError("playbook", "is not on the list of playbooks")],
    )
