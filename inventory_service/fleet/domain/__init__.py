# SPDX-License-Identifier: Apache-2.0
"""Rules of the fleet as plain Python: no database, no web, no Ansible."""
