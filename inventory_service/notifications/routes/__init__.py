# SPDX-License-Identifier: Apache-2.0
"""The routes of notifications and their deliveries."""
