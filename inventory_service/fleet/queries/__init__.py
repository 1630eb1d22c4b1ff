# SPDX-License-Identifier: Apache-2.0
"""Reads of the fleet that are larger than a row."""
