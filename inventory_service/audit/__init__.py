# SPDX-License-Identifier: Apache-2.0
"""Reading the audit log, and the changes since a revision."""
