# SPDX-License-Identifier: Apache-2.0
"""Tables of accounts, their roles and their tokens."""
