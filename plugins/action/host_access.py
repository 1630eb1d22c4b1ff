# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Confirm who may log in over a connection that had to log in, and to become root, anew."""

from __future__ import annotations

from ansible_collections.quartermaster.fleet.plugins.plugin_utils._trial.confirmation import (
    ConfirmingAction,
)


class ActionModule(ConfirmingAction):
    """Runs the module, and once more over a fresh connection if it began a trial."""

    module = "quartermaster.fleet.host_access"
    represent = "access"
