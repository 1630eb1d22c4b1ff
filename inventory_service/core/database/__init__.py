# SPDX-License-Identifier: Apache-2.0
"""The database: engines, transactions, schema, backups."""
