# SPDX-License-Identifier: Apache-2.0
"""Use cases of the fleet: one function each, inside the caller's transaction, never committing."""
