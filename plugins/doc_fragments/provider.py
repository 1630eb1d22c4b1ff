# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the options that choose a provider."""

from __future__ import annotations

import typing as t

from ansible_collections.quartermaster.fleet.plugins.module_utils._providers import registry


class ModuleDocFragment:
    """What `server` and `server_info` share; each provider documents its own options."""

    # With its type, since ansible-test takes a plain assignment in a fragment for a literal.
    DOCUMENTATION: t.ClassVar[str] = registry.make_documentation()
