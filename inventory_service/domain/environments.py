# SPDX-License-Identifier: Apache-2.0
"""An environment: which stage of its projects a node serves, from prod to test."""

from inventory_service.domain.named import NamedChange
from inventory_service.domain.words import Label, Line


class EnvironmentChange(NamedChange):
    """What may be changed of an environment."""

    description: Line | None = None
    owner: Line | None = None


class EnvironmentRegistration(EnvironmentChange):
    """What is said of an environment when it becomes known."""

    environment: Label
