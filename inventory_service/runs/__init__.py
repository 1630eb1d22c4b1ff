# SPDX-License-Identifier: Apache-2.0
"""Runs of playbooks: their templates, orders, states, locks, events and results."""
