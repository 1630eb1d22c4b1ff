# SPDX-License-Identifier: Apache-2.0
"""Where the fleet is kept: one database, its tables, and the reads larger than a row."""
