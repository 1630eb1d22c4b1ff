# SPDX-License-Identifier: Apache-2.0
"""Identities of people in chats, requests that were seen, and the outbox of chat."""
