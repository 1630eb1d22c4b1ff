# SPDX-License-Identifier: Apache-2.0
"""The HTTP process: waitress, its bounds, and restarts that lose no request."""
