# SPDX-License-Identifier: Apache-2.0
"""Commands that run beside the database, not over HTTP."""
