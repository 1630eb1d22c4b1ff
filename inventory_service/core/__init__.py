# SPDX-License-Identifier: Apache-2.0
"""What is true of any capability: errors, actors, field types, audit log, database."""
