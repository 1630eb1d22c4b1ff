# SPDX-License-Identifier: Apache-2.0
"""The tables of notifications and their deliveries."""
