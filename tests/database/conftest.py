"""A real PostgreSQL: one embedded server for the session, a fresh database for every test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg2
import pytest
from psycopg2 import sql

from minibot_fs.store.connect import Database
from minibot_fs.store.embedded import start_embedded
from minibot_fs.store.migrate import migrate


@pytest.fixture(scope="session")
def server_dsn(server_folder: Path) -> str:
    """The DSN of a database with all tables, which the tests' own are copied from."""
    dsn = start_embedded(server_folder / "postgres", "model")
    migrate(dsn)
    return dsn


@pytest.fixture
def dsn(server_dsn: str) -> str:
    """A database of this test's own."""
    name = f"test_{uuid4().hex[:12]}"
    admin = psycopg2.connect(server_dsn.replace("/model?", "/postgres?"))
    admin.autocommit = True
    with admin.cursor() as cursor:
        cursor.execute(sql.SQL("CREATE DATABASE {} TEMPLATE model").format(sql.Identifier(name)))
    admin.close()
    return server_dsn.replace("/model?", f"/{name}?")


@pytest.fixture
def database(dsn: str) -> Iterator[Database]:
    opened = Database(dsn)
    yield opened
    opened.close()
