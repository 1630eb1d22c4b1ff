# SPDX-License-Identifier: Apache-2.0
"""What is true of any HTTP API: authentication, problem documents, paging, limits, metrics."""
