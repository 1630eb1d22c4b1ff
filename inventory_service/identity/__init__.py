# SPDX-License-Identifier: Apache-2.0
"""Who may speak to the service: API tokens, their scopes, and how they are checked."""
