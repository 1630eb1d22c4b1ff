# SPDX-License-Identifier: Apache-2.0
"""The routes of webhooks and of the requests to them."""
