# SPDX-License-Identifier: Apache-2.0
"""The rows that inventory documents are made from."""
