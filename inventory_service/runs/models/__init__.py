# SPDX-License-Identifier: Apache-2.0
"""Tables of templates, runs and what runs report."""
