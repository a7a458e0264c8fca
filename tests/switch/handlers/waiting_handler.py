"""A handler that only holds the line until the other side hangs up."""

from typing import Any


def handler(session: Any, args: str) -> None:
    while session.ready():
        session.sleep(100)
