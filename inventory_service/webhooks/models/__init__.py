# SPDX-License-Identifier: Apache-2.0
"""Webhooks and what became of the requests to them."""
