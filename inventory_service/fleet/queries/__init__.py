# SPDX-License-Identifier: Apache-2.0
"""Reads that are larger than a row."""
