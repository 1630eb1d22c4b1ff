# SPDX-License-Identifier: Apache-2.0
"""Rules of webhooks: who may be believed, and what of a request becomes an order."""
