"""Connections to PostgreSQL: the server of DB_*, or the embedded one; a pool that threads share."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2
from psycopg2.extensions import connection, make_dsn
from psycopg2.pool import ThreadedConnectionPool

from minibot_fs.config import Settings
from minibot_fs.errors import StoreError
from minibot_fs.store.embedded import start_embedded
from minibot_fs.store.migrate import migrate

CONNECT_TIMEOUT_S = 5
KEPT_OPEN = 4
"""Connections that stay open; further ones are made when they are needed and closed when they come back."""


class Database:
    """A pool of connections. Threads beyond ``connections`` wait for one to come back."""

    def __init__(self, dsn: str, connections: int = 8) -> None:
        """
        Raises:
            StoreError: the server cannot be reached or refuses us.
        """
        self.dsn = dsn
        self._free = threading.BoundedSemaphore(connections)
        try:
            self._pool = ThreadedConnectionPool(min(KEPT_OPEN, connections), connections, dsn)
        except psycopg2.Error as error:
            raise StoreError(_in_one_line(error)) from error

    @contextmanager
    def connection(self) -> Iterator[connection]:
        """A connection for one transaction: committed at the end, rolled back on any exception.

        Raises:
            StoreError: the server is gone, or refused a statement.
        """
        with self._free:
            borrowed = None
            try:
                borrowed = self._pool.getconn()
                with borrowed:
                    yield borrowed
            except psycopg2.Error as error:
                raise StoreError(_in_one_line(error)) from error
            finally:
                if borrowed is not None:
                    self._pool.putconn(borrowed, close=bool(borrowed.closed))

    def close(self) -> None:
        """Close every connection; idempotent."""
        if not self._pool.closed:
            self._pool.closeall()


def open_database(settings: Settings, connections: int = 8) -> Database:
    """Connect, and bring the tables up to date.

    Raises:
        StoreError: the server cannot be reached; the message names it, never its password.
    """
    dsn = database_dsn(settings)
    try:
        migrate(dsn)
    except psycopg2.OperationalError as error:
        where = (
            "the embedded server"
            if settings.database_is_embedded
            else f"{settings.db_host}:{settings.db_port}"
        )
        raise StoreError(
            f"PostgreSQL at {where} cannot be used: {_in_one_line(error)}. Check DB_* in .env"
        ) from error
    return Database(dsn, connections)


def database_dsn(settings: Settings) -> str:
    """Where the database is; starts the embedded server when no DB_* is set. Holds the password."""
    if settings.database_is_embedded:
        return start_embedded(settings.data_dir / "postgres", settings.db_name)
    return make_dsn(
        host=settings.db_host,
        port=settings.db_port,
        dbname=settings.db_name,
        user=settings.db_user,
        password=settings.db_password.get_secret_value(),
        connect_timeout=CONNECT_TIMEOUT_S,
        application_name="minibot_fs",
    )


def _in_one_line(error: psycopg2.Error) -> str:
    return " ".join(str(error).split()) or type(error).__name__
