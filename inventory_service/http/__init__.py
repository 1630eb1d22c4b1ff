# SPDX-License-Identifier: Apache-2.0
"""What all routes share: authentication, problem documents, paging, limits, metrics."""
