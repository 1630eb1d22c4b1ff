# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the options that say where servers are."""

from __future__ import annotations


class ModuleDocFragment:
    """What `server` and `server_info` share."""

    DOCUMENTATION = r"""
options:
  provider:
    description:
      - Who makes the servers.
    type: str
    choices: [docker]
    default: docker
  owner:
    description:
      - Who the servers belong to. It is written on a server at its creation, in the same call.
      - A server that does not carry it is never touched.
    type: str
    default: quartermaster
  docker_host:
    description:
      - Address of the Docker engine.
      - If not set, E(DOCKER_HOST) is used, and without it V(unix:///var/run/docker.sock).
    type: str
    default: unix:///var/run/docker.sock
  docker_network:
    description:
      - The network of the servers. It must exist and have an IPv4 subnet of its own.
    type: str
    default: quartermaster
  timeout:
    description:
      - How many seconds to wait until a server is up, or gone.
    type: int
    default: 60
requirements:
  - docker >= 7.1 (Python)
"""
