# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The provider `docker` as the registry lists it: its options, documented, and its constructor."""

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import env_fallback

from ..provider import Registration
from .provider import DockerProvider

OPTIONS: dict[str, dict[str, t.Any]] = {
    "docker_host": {
        "type": "str",
        "default": "unix:///var/run/docker.sock",
        "fallback": (env_fallback, ["DOCKER_HOST"]),
        "description": [
            "Address of the Docker engine.",
            "If not set, E(DOCKER_HOST) is used, and without it V(unix:///var/run/docker.sock).",
        ],
    },
    "docker_network": {
        "type": "str",
        "default": "quartermaster",
        "description": [
            "The network of the servers. It must exist and have an IPv4 subnet of its own."
        ],
    },
}
PROVIDER = Registration(DockerProvider.from_params, OPTIONS, ["docker >= 7.1 (Python)"])
