# SPDX-License-Identifier: Apache-2.0
"""What all capabilities share: errors, actors, field types, audit log, database."""
