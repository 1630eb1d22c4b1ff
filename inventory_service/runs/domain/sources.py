# SPDX-License-Identifier: Apache-2.0
"""What an order is checked against and does not itself know: playbooks, and hosts by filters."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from inventory_service.core.errors import BadInput, FieldError
from inventory_service.runs.domain.targets import Target


@dataclass(frozen=True)
class RunSources:
    """The playbooks that runs may start, and the hosts that they may have."""

    #: Returns the names of the playbooks, read anew each time.
    list_playbooks: Callable[[], Collection[str]]
    #: Returns what of the fleet fits some filters; its first argument is a database session.
    list_targets: Callable[[Any, Mapping[str, Sequence[str]]], Iterable[Target]]

    def check_playbook(self, name: str) -> None:
        """Raise BadInput if runs may not start the playbook.

        :raises BadInput: it is not on the list.
        """
        known = self.list_playbooks()
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
