# SPDX-License-Identifier: Apache-2.0
"""Rules of imports: what a file says, and the plan that follows from it."""
