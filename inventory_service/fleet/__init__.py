# SPDX-License-Identifier: Apache-2.0
"""The fleet: nodes, clusters, projects, environments, services, ports, heartbeats."""
