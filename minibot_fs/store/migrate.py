"""Brings a database's tables up to date: the SQL files of ``migrations/``, each applied once, by yoyo."""

from __future__ import annotations

import logging
from contextlib import closing
from pathlib import Path

import psycopg2
import yoyo
from psycopg2.extensions import parse_dsn
from yoyo.backends.core.postgresql import PostgresqlBackend
from yoyo.connections import DatabaseURI

MIGRATIONS = Path(__file__).with_name("migrations")
_LOCK = 0x6D696E69
"""Key of the advisory lock. The server frees it with the connection, so a killed process holds up nobody;
yoyo's own lock is a row that such a process would leave behind."""


def migrate(dsn: str) -> list[str]:
    """Apply what is missing; where several processes do so at once, one does the work and the others wait.

    Args:
        dsn: as psycopg2 takes it.

    Returns:
        Names of the migrations applied now.
    """
    logging.getLogger("yoyo.migrations").setLevel(logging.WARNING)
    parts = parse_dsn(dsn)
    uri = DatabaseURI("postgresql", None, None, None, None, parts.pop("dbname"), args=parts)
    with closing(psycopg2.connect(dsn)) as guard, guard.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
        backend = PostgresqlBackend(uri, "_yoyo_migration")
        with closing(backend.connection):
            backend.init_database()
            backend.break_lock()  # nobody else is here: a row was left by a process that was killed
            missing = backend.to_apply(yoyo.read_migrations(str(MIGRATIONS)))
            backend.apply_migrations(missing)
            return [migration.id for migration in missing]
