# SPDX-License-Identifier: Apache-2.0
"""Notifications: who hears of ended runs, by webhook, chat or mail, and each delivery on record."""
