# SPDX-License-Identifier: Apache-2.0
"""How a playbook is run by ansible-runner; it knows no database."""
