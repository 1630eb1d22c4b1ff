# SPDX-License-Identifier: Apache-2.0
"""The client of the HTTP API: connection, profiles, retries, errors."""
