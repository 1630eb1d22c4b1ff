# SPDX-License-Identifier: Apache-2.0
"""Rules of imports: what a file declares, and the plan that follows from it."""
