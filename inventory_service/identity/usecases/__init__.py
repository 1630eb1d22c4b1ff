# SPDX-License-Identifier: Apache-2.0
"""Acts on accounts and tokens, and what a token's text stands for."""
