# SPDX-License-Identifier: Apache-2.0
"""Acts on workflows and on the runs of them."""
