# SPDX-License-Identifier: Apache-2.0
"""Webhooks: requests of other programs, signed, that order runs."""
