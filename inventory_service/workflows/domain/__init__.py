# SPDX-License-Identifier: Apache-2.0
"""Rules of workflows: which steps there are, when each begins, and how the whole ends."""
