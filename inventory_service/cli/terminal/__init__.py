# SPDX-License-Identifier: Apache-2.0
"""Output for people: tables, widths, dates."""
