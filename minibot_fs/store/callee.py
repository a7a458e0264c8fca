"""The person a call is for, as the call needs it."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg2.extensions import connection


@dataclass(frozen=True)
class Callee:
    """``variables`` are what a scenario may name of the person: columns of the contact and its ``extra``."""

    phone: str
    variables: dict[str, str]


def read_callee(conn: connection, contact_id: int) -> Callee | None:
    """The contact with this id; ``None`` when there is none (any more)."""
    with conn.cursor() as cursor:
        cursor.execute(
            "SELECT phone, first_name, last_name, company, email, extra FROM contacts WHERE id = %s",
            (contact_id,),
        )
        row = cursor.fetchone()
    if row is None:
        return None
    phone, first_name, last_name, company, email, extra = row
    named = {"first_name": first_name, "last_name": last_name, "company": company, "email": email}
    texts = {str(name): str(value) for name, value in extra.items() if value is not None}
    return Callee(phone, {**texts, **named, "phone": phone})
