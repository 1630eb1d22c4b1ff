# SPDX-License-Identifier: Apache-2.0
"""The pattern of names in the fleet, and their articles; plain Python, for clients too."""

#: RFC 1123, section 2.1: letters, digits and hyphens, no hyphen at either end, 63 octets.
LABEL_PATTERN = r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\Z"


def with_article(noun: str) -> str:
    """Return the noun with its article: 'a cluster', 'an environment'."""
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"
