"""Keyed hashes of phone numbers: what stays of a person who was erased but must never be called."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from psycopg2.extensions import connection

from minibot_fs.errors import Problem, SettingsError

_FINGERPRINT_OF = b"minibot-fs do-not-call list"


class PhoneKeys:
    """Turns E.164 numbers into their keys. The same PRIVACY_KEY everywhere, or opt-outs go unseen."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def of(self, phone: str) -> bytes:
        return hmac.digest(self._key, phone.encode("ascii"), "sha256")

    @property
    def fingerprint(self) -> bytes:
        return hmac.digest(self._key, _FINGERPRINT_OF, hashlib.sha256)


def open_phone_keys(conn: connection, privacy_key: str, data_dir: Path) -> PhoneKeys:
    """The keys of this installation, checked against what the database's other users have.

    Args:
        privacy_key: PRIVACY_KEY; when empty, the one kept in ``data_dir`` is taken, or made.

    Raises:
        SettingsError: another key was used with this database before.
    """
    keys = PhoneKeys(privacy_key.encode() or _kept_key(data_dir / "privacy.key"))
    with conn.cursor() as cursor:
        cursor.execute(
            "INSERT INTO privacy_key_check (fingerprint) VALUES (%s) ON CONFLICT DO NOTHING",
            (keys.fingerprint,),
        )
        cursor.execute("SELECT fingerprint FROM privacy_key_check")
        row = cursor.fetchone()
    if row is None or not hmac.compare_digest(bytes(row[0]), keys.fingerprint):
        raise SettingsError(
            Problem(
                "the key is not the one the do-not-call list of this database was made with",
                "set the same PRIVACY_KEY on every machine (privacy.key in DATA_DIR of the first)",
                field="PRIVACY_KEY",
            )
        )
    return keys


def _kept_key(file: Path) -> bytes:
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return file.read_bytes().strip()
    with os.fdopen(descriptor, "wb") as created:
        key = secrets.token_hex(32).encode()
        created.write(key)
    return key
