# SPDX-License-Identifier: Apache-2.0
"""The routes of workflows and of the runs of them."""
