# SPDX-License-Identifier: Apache-2.0
"""What sends a message: one module for each kind of notification, and the way of HTTP."""
