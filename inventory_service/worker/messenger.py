# SPDX-License-Identifier: Apache-2.0
"""What a worker does for chat beside runs: keep the messages about runs up to date.

One thread a platform, so that one that does not answer holds up neither runs nor the other.
"""

import json
import threading

import structlog

from inventory_service.chat.domain.platforms import Call, Heard, Platform
from inventory_service.chat.domain.updates import Way
from inventory_service.chat.usecases.buttons import make_seal
from inventory_service.chat.usecases.outbox import (
    TakenMessage,
    has_work,
    record_outcome,
    take_messages,
)
from inventory_service.core.database.engine import Database
from inventory_service.core.encryption import Vault
from inventory_service.core.errors import ServiceError
from inventory_service.notifications.domain.destinations import Allowance
from inventory_service.notifications.senders.addresses import Addresses
from inventory_service.notifications.senders.posts import Poster
from inventory_service.settings import Settings

_TURN_S = 1.0
_REST_S = 5.0
#: How many messages are sent at once.
_MOST_AT_ONCE = 4
_STOP_S = 3.0

_log = structlog.get_logger(__name__)


class Messenger:
    """Sends and changes the messages of a platform until it is stopped."""

    def __init__(self, database: Database, settings: Settings, platform: Platform) -> None:
        self._database = database
        self._platform = platform
        self._link_url = settings.public_link_url
        self._vault = Vault(settings.secret_key_path)
        self._poster = Poster(Addresses(Allowance.parse(settings.notify_allow)))
        self._is_stopping = threading.Event()
        name = f"chat-{platform.name}"
        # A message that is being sent does not keep the process: it is sent again.
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Stop; what could not be sent in time is sent by the next worker."""
        self._is_stopping.set()
        self._thread.join(_STOP_S)

    def turn(self) -> int:
        """Send what is not shown as it should be; return how many messages were tried."""
        name, link_url = self._platform.name, self._link_url
        with self._database.reading() as session:
            if not has_work(session, name, link_url=link_url):
                return 0
        with self._database.writing() as session:
            taken = take_messages(
                session, self._vault, name, link_url=link_url, limit=_MOST_AT_ONCE
            )
        threads = [
            threading.Thread(target=self._deliver, args=(one,), name="chat-sender", daemon=True)
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
                _log.warning("no messages of chat", reason=error.detail)
                pause = _REST_S
            except Exception as error:  # noqa: BLE001 - the edge of the thread, which must go on
                _log.error("messenger failed", platform=self._platform.name, exc_info=error)
                pause = _REST_S
            self._is_stopping.wait(pause)

    def _deliver(self, taken: TakenMessage) -> None:
        try:
            heard = self._send(taken)
        except ServiceError as error:
            heard = Heard(error=error.detail)
        except Exception as error:  # noqa: BLE001 - the edge of the thread; without its words, which may hold the URL
            heard = Heard(error=f"a fault of the worker: {type(error).__name__}")
        if heard.error is not None:
            _log.warning(
                "message of chat not sent",
                platform=self._platform.name,
                message=taken.id,
                attempt=taken.attempt,
                reason=heard.error,
            )
        try:
            with self._database.writing() as session:
                record_outcome(session, taken, heard)
        except ServiceError as error:
            _log.warning("outcome not recorded", message=taken.id, reason=error.detail)

    def _send(self, taken: TakenMessage) -> Heard:
        call = self._make_call(taken)
        body = json.dumps(call.body).encode()
        outcome, answer = self._poster.ask(call.method, call.url, body, call.headers)
        if taken.way is Way.REPLY or outcome.answer_code is None:
            return Heard(error=outcome.error)
        return self._platform.read_answer(outcome.answer_code, answer)

    def _make_call(self, taken: TakenMessage) -> Call:
        name, channel_id, message = self._platform.name, taken.channel_id, taken.message
        seal = make_seal(self._vault, name, taken.team_id, channel_id)
        if taken.way is Way.REPLY:
            url = taken.reply_url or ""
            return self._platform.reply(message, url, seal, replaces=taken.replaces)
        if taken.post_id is None:
            return self._platform.post(message, channel_id, seal)
        return self._platform.change(message, channel_id, taken.post_id, seal)
