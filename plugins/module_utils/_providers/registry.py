# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The providers that servers can be requested from, and the options that modules take for them."""

from __future__ import annotations

import json
import typing as t

from .docker import registration as docker
from .provider import Registration

PROVIDERS: dict[str, Registration] = {
    "docker": docker.PROVIDER,
}
"""From the option `provider` to the provider's registration: one line each."""

_OWNER = {
    "type": "str",
    "default": "quartermaster",
    "description": [
        "Who the servers belong to. It is written on a server at its creation, in the same call.",
        "A server that does not carry it is never touched.",
    ],
}
_TIMEOUT = {
    "type": "int",
    "default": 60,
    "description": ["How many seconds to wait until a server is up, or gone."],
}


def make_argument_spec() -> dict[str, dict[str, t.Any]]:
    """Return the options that modules for servers share, those of each provider included."""
    return {
        name: {key: value for key, value in option.items() if key != "description"}
        for name, option in _list_options().items()
    }


def make_documentation() -> str:
    """Return the same options as the documentation fragment has them; JSON is YAML."""
    options = {
        name: {key: value for key, value in option.items() if key != "fallback"}
        for name, option in _list_options().items()
    }
    requirements = [line for one in PROVIDERS.values() for line in one.requirements]
    return json.dumps({"options": options, "requirements": requirements})


def _list_options() -> dict[str, dict[str, t.Any]]:
    provider = {
        "type": "str",
        "choices": sorted(PROVIDERS),
        "default": "docker",
        "description": ["Who provides the servers."],
    }
    own = {name: option for one in PROVIDERS.values() for name, option in one.options.items()}
    return {"provider": provider, "owner": _OWNER, **own, "timeout": _TIMEOUT}
