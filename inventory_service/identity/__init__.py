# SPDX-License-Identifier: Apache-2.0
"""Accounts, their roles in projects, and the tokens by which they act."""
