# SPDX-License-Identifier: Apache-2.0
"""The rules of the fleet as plain Python: no database, no web, no Ansible."""
