# SPDX-License-Identifier: Apache-2.0
"""Routes of templates, runs and their events."""
