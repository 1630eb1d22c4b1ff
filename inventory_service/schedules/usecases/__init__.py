# SPDX-License-Identifier: Apache-2.0
"""What people and the worker do with schedules."""
