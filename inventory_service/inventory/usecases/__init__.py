# SPDX-License-Identifier: Apache-2.0
"""Inventory documents and scrape targets, made from the fleet."""
