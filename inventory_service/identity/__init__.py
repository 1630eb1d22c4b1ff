# SPDX-License-Identifier: Apache-2.0
"""API tokens: their scopes, and how they are checked."""
