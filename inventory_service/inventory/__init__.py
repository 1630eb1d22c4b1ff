# SPDX-License-Identifier: Apache-2.0
"""The inventory as documents: for Ansible, for scripts, for SSH, for Prometheus."""
