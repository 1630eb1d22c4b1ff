# SPDX-License-Identifier: Apache-2.0
"""Acts of chat: who somebody is, what a command does, and what is sent."""
