# SPDX-License-Identifier: Apache-2.0
"""Workflows, the runs of them, and what was decided in those."""
