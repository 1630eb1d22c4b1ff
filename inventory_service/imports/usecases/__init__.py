# SPDX-License-Identifier: Apache-2.0
"""Plan and apply imports."""
