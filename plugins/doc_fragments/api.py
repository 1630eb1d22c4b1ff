# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documentation of options that all modules of the service share."""

from __future__ import annotations


class ModuleDocFragment:
    """Options with which a module finds and enters the inventory service."""

    DOCUMENTATION = r"""
options:
  url:
    description:
      - Address of the inventory service.
      - Without it, E(QM_URL) is used, then the profile file, then V(http://127.0.0.1:9008).
      - The profile file is E(QM_CONFIG) or C(~/.config/quartermaster/config.ini); E(QM_PROFILE)
        chooses its section, which has the keys C(url) and C(token).
    type: str
  token:
    description:
      - Token of the account that acts.
      - Without it, E(QM_TOKEN) is used, then the token of the profile, if its address is the one
        in use.
    type: str
  timeout:
    description:
      - Seconds that the service may be silent before the request is given up.
    type: int
    default: 10
notes:
  - The service is reached from where the module runs. Use C(delegate_to=localhost) in plays that
    talk to the fleet.
  - A refused connection, and an answer that names a time to come back, are tried again up to
    three times with growing pauses.
  - Redirects are refused, so that a token never reaches another service.
"""
