# SPDX-License-Identifier: Apache-2.0
"""Acts on templates and runs, each inside its caller's transaction."""
