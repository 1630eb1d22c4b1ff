# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL: connections with a time limit for each answer and for each lock."""

from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.errors import ConnectionTimeout
from sqlalchemy import Engine, event

Result = TypeVar("Result")
#: How long a server may take to accept a connection.
CONNECT_TIMEOUT_S = 3
#: How much longer than the lock timeout, the longest regular wait, a statement may stay
#: unanswered.
MARGIN_S = 5
#: The server ends the transaction of a service that was stopped or cut off in the middle of it,
#: so that the others wait no longer.
IDLE_TIMEOUT_S = 30


class Silence(psycopg.OperationalError):
    """The server accepted a connection or a statement and then did not answer in time."""


class BoundedConnection(psycopg.Connection[Any]):
    """A connection that raises Silence when the server does not answer in time.

    The server's own `statement_timeout` would not do: a server that is stopped, or a host that is
    gone, keeps no time.
    """

    answer_timeout_s: float | None = None

    def wait(
        self, gen: PQGen[Result], interval: float = 0.1, timeout: float | None = None
    ) -> Result:
        """Return the result of an exchange with the server.

        :raises Silence: no answer came in time; the connection is closed: its state is unknown.
        """
        try:
            return super().wait(gen, interval, timeout or self.answer_timeout_s)
        except psycopg.OperationalError as error:
            # psycopg keeps the class of this error to itself; only it leaves a query under way.
            if self.pgconn.transaction_status != psycopg.pq.TransactionStatus.ACTIVE:
                raise
            self.pgconn.finish()
            raise Silence(f"no answer within {self.answer_timeout_s} s") from error


def bound(engine: Engine, *, lock_timeout_s: float) -> None:
    """Make all connections of the engine bounded ones."""

    def connect(_dialect: Any, _entry: Any, words: list[Any], fields: dict[str, Any]) -> Any:  # noqa: ANN401 - the signature of SQLAlchemy's event
        fields.setdefault("connect_timeout", CONNECT_TIMEOUT_S)
        try:
            connection = BoundedConnection.connect(*words, **fields)
        except ConnectionTimeout as error:
            raise Silence(f"no connection within {CONNECT_TIMEOUT_S} s") from error
        connection.answer_timeout_s = lock_timeout_s + MARGIN_S
        connection.execute(
            # In another zone, the first and last hours of UTC lie in years that Python lacks.
            f"SET idle_in_transaction_session_timeout = '{IDLE_TIMEOUT_S}s'; SET timezone = 'UTC'"
        )
        connection.commit()
        return connection

    event.listen(engine, "do_connect", connect)
