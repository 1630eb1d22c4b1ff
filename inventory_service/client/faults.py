# SPDX-License-Identifier: Apache-2.0
"""Why no answer came, in words, and what to do."""

import http.client
import ssl

from inventory_service.client.retries import reason_of


def describe_fault(error: Exception, url: str, waited_s: float) -> tuple[str, str]:
    """Return the reason and the next step."""
    reason = reason_of(error)
    is_without_tls = False
    if isinstance(reason, TimeoutError):
        text = f"no answer within {waited_s:.0f} s"
        # A server of plain HTTP waits in silence for the rest of what is a TLS greeting.
        is_without_tls = url.startswith("https:")
    elif isinstance(reason, ssl.SSLError):
        is_without_tls = "certificate" not in str(reason).lower()
        text = "it does not speak TLS" if is_without_tls else "its certificate is not trusted"
    elif isinstance(reason, OSError):
        text = "the connection was refused or lost, or the name is unknown"
    elif isinstance(reason, http.client.IncompleteRead):
        text = "the connection was lost in the middle of the answer"
    else:
        text = "what answers there does not speak HTTP"
    if is_without_tls:
        return text, "if it speaks plain HTTP, write http:// instead of https://"
    step = "start it with `qm serve`, or name another: as url (--url), by QM_URL or a profile"
    return text, step
