# SPDX-License-Identifier: Apache-2.0
"""Messages as mails, by the mail server of the settings (RFC 5321)."""

import contextlib
import smtplib
import ssl
from collections.abc import Iterator, Sequence
from email.message import EmailMessage
from email.utils import formatdate
from urllib.parse import unquote, urlsplit

from inventory_service.notifications.domain.deliveries import Outcome
from inventory_service.notifications.domain.messages import Message

_TIMEOUT_S = 10.0
_PORTS = {"smtp": 25, "smtps": 465}


def send_mail(smtp_url: str, sender: str, message: Message, recipients: Sequence[str]) -> Outcome:
    """Send one mail to all recipients."""
    if not smtp_url or not sender:
        return Outcome(
            error="no mail server: QM_SMTP_URL and QM_SMTP_FROM of the worker are not set"
        )
    mail = _make_mail(sender, message, recipients)
    try:
        with _open(smtp_url) as server:
            refused = server.send_message(mail)
    except smtplib.SMTPResponseException as error:
        return Outcome(error.smtp_code, f"the mail server answers with {error.smtp_code}")
    except smtplib.SMTPRecipientsRefused:
        return Outcome(error="the mail server refuses all recipients")
    except (OSError, smtplib.SMTPException) as error:
        # Its words may quote what was sent.
        return Outcome(error=f"the mail server can't be used: {type(error).__name__}")
    if refused:
        return Outcome(error=f"the mail server refuses {len(refused)} of the recipients")
    return Outcome(250)


def _make_mail(sender: str, message: Message, recipients: Sequence[str]) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"] = sender, ", ".join(recipients)
    mail["Subject"] = message.subject
    mail["Date"] = formatdate()
    # Nobody is to answer that he is on holiday (RFC 3834).
    mail["Auto-Submitted"] = "auto-generated"
    lines = [message.subject, "", *message.list_lines()]
    if message.run is not None:
        lines += ["", message.run.link]
    mail.set_content("\n".join(lines))
    return mail


@contextlib.contextmanager
def _open(smtp_url: str) -> Iterator[smtplib.SMTP]:
    parts = urlsplit(smtp_url)
    host, port = parts.hostname or "localhost", parts.port or _PORTS[parts.scheme]
    context = ssl.create_default_context()
    if parts.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=_TIMEOUT_S, context=context)
    else:
        server = smtplib.SMTP(host, port, timeout=_TIMEOUT_S)
    with server:
        if parts.scheme == "smtp":
            server.ehlo()
            if server.has_extn("starttls") or parts.username:
                # A password never goes in clear: without TLS this fails.
                server.starttls(context=context)
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        yield server
