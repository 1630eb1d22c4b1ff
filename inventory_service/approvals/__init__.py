# SPDX-License-Identifier: Apache-2.0
"""Approvals: plans are applied when other people than who ordered that have approved them."""
