# SPDX-License-Identifier: Apache-2.0
"""Schedules: runs that are ordered at set times."""
