# SPDX-License-Identifier: Apache-2.0
"""Chat: slash commands and buttons of Slack and Mattermost, by the use cases that the API has."""
