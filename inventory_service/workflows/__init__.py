# SPDX-License-Identifier: Apache-2.0
"""Workflows: runs and approvals that follow each other."""
