# SPDX-License-Identifier: Apache-2.0
"""What a worker does beside runs: fill the outbox, and send what is in it.

In a thread of its own, so that a receiver that does not answer never holds up a run.
"""

import threading

import structlog

from inventory_service.core.database.engine import Database
from inventory_service.core.encryption import Vault
from inventory_service.core.errors import ServiceError
from inventory_service.notifications.domain.deliveries import Outcome
from inventory_service.notifications.domain.destinations import Allowance
from inventory_service.notifications.domain.notifications import NotificationKind
from inventory_service.notifications.senders.addresses import Addresses
from inventory_service.notifications.senders.chats import send_mattermost, send_slack
from inventory_service.notifications.senders.mails import send_mail
from inventory_service.notifications.senders.posts import Poster
from inventory_service.notifications.senders.webhooks import send_webhook
from inventory_service.notifications.usecases.deliveries import (
    TakenDelivery,
    fill_outbox,
    has_due,
    has_new_ends,
    record_outcome,
    take_deliveries,
)
from inventory_service.settings import Settings

_TURN_S = 1.0
_REST_S = 5.0
#: How many messages are sent at once, each of another notification.
_MOST_AT_ONCE = 4
_STOP_S = 3.0

_log = structlog.get_logger(__name__)


class Notifier:
    """Sends messages until it is stopped."""

    def __init__(
        self, database: Database, settings: Settings, *, addresses: Addresses | None = None
    ) -> None:
        self._database = database
        self._settings = settings
        self._vault = Vault(settings.secret_key_path)
        allowance = Allowance.parse(settings.notify_allow)
        self._poster = Poster(addresses or Addresses(allowance))
        self._is_stopping = threading.Event()
        # A message that is being sent does not keep the process: it is sent again.
        self._thread = threading.Thread(target=self._work, name="notifier", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Stop; what could not be sent in time is sent by the next worker."""
        self._is_stopping.set()
        self._thread.join(_STOP_S)

    def turn(self) -> int:
        """Queue messages about new ends, and send what is due; return how many were tried."""
        with self._database.reading() as session:
            has_ends, is_due = has_new_ends(session), has_due(session)
        if has_ends:
            with self._database.writing() as session:
                is_due = bool(fill_outbox(session)) or is_due
        if not is_due:
            return 0
        with self._database.writing() as session:
            taken = take_deliveries(
                session, self._vault, link_url=self._settings.link_url, limit=_MOST_AT_ONCE
            )
        threads = [
            threading.Thread(target=self._deliver, args=(one,), name="sender", daemon=True)
            for one in taken
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return len(taken)

    def _work(self) -> None:
        while not self._is_stopping.is_set():
            try:
                pause = 0.0 if self.turn() else _TURN_S
            except ServiceError as error:
                _log.warning("no notifications", reason=error.detail)
                pause = _REST_S
            except Exception as error:  # noqa: BLE001 - the edge of the thread, which must go on
                _log.error("notifier failed", exc_info=error)
                pause = _REST_S
            self._is_stopping.wait(pause)

    def _deliver(self, taken: TakenDelivery) -> None:
        try:
            outcome = self._send(taken)
        except Exception as error:  # noqa: BLE001 - the edge of the thread; without its words, which may hold the URL
            outcome = Outcome(error=f"a fault of the worker: {type(error).__name__}")
        _log.info(
            "notification sent" if outcome.error is None else "notification not sent",
            notification=taken.message.notification,
            delivery=taken.id,
            attempt=taken.attempt,
            answer=outcome.answer_code,
            reason=outcome.error,
        )
        try:
            with self._database.writing() as session:
                record_outcome(session, taken, outcome)
        except ServiceError as error:
            _log.warning("outcome not recorded", delivery=taken.id, reason=error.detail)

    def _send(self, taken: TakenDelivery) -> Outcome:
        if taken.fault is not None:
            return Outcome(error=taken.fault)
        message, settings = taken.message, self._settings
        if taken.kind is NotificationKind.MAIL:
            return send_mail(settings.smtp_url, settings.smtp_from, message, taken.recipients)
        url = taken.secrets["webhook_url"]
        if taken.kind is NotificationKind.SLACK:
            return send_slack(self._poster, message, url)
        if taken.kind is NotificationKind.MATTERMOST:
            return send_mattermost(self._poster, message, url)
        return send_webhook(self._poster, message, url, taken.secrets.get("secret"))
