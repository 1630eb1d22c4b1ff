# SPDX-License-Identifier: Apache-2.0
"""Acts on webhooks, and the orders that come through them."""
