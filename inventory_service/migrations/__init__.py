# SPDX-License-Identifier: Apache-2.0
"""The schema's history: one file a step, run by Alembic."""
