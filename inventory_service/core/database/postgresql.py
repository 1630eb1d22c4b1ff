# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL: connections that wait for an answer only so long, and hold a lock only so long."""

from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.errors import ConnectionTimeout
from sqlalchemy import Engine, event

Result = TypeVar("Result")
#: How long a server may take to accept a connection.
CONNECT_TIMEOUT_S = 3
#: How much longer than the longest wait that is in order, the one for a lock, a statement may go
#: without an answer.
MARGIN_S = 5
#: A service that is stopped or cut off in the middle of a transaction holds up the others no
#: longer: the server ends its transaction.
IDLE_TIMEOUT_S = 30


class Silence(psycopg.OperationalError):
    """The server accepted a connection or a statement and then said nothing."""


class BoundedConnection(psycopg.Connection[Any]):
    """A connection that gives up when the server is silent for too long.

    The server's own `statement_timeout` would not do: a server that is stopped, or a host that is
    gone, keeps no time.
    """

    answer_timeout_s: float | None = None

    def wait(
        self, gen: PQGen[Result], interval: float = 0.1, timeout: float | None = None
    ) -> Result:
        """Return what the exchange with the server gives.

        :raises Silence: nothing came in time; the connection is closed, as its state is not known.
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
    """Let the engine make bounded connections only."""

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
