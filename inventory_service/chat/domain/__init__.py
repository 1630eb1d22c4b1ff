# SPDX-License-Identifier: Apache-2.0
"""The rules of chat, which know no platform."""
