# SPDX-License-Identifier: Apache-2.0
"""The audit log as people read it, and the changes since a revision."""
