"""Tells whoever listens on FreeSWITCH's event socket how a call goes: CUSTOM events ``MINIBOT::turn``.

Each has the headers Minibot-Call (UUID), Minibot-Kind (started, step, prompt, caller, amd, partial,
ended, ...) and Minibot-Data (JSON: the stored record, or the partial transcript).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from minibot_fs.hearing.events import HearingEvent, Partial
from minibot_fs.store.call_store import CallStore
from minibot_fs.store.calls import CallEnded, CallStarted, TurnRecord

SUBCLASS = "MINIBOT::turn"

Announce = Callable[[str, str, dict[str, Any]], None]
"""Gets the call's UUID, the kind and the data."""


def announcer(freeswitch: Any) -> Announce:
    """Fires events through the module ``freeswitch``. From any thread."""

    def announce(call_uuid: str, kind: str, data: dict[str, Any]) -> None:
        event = freeswitch.Event("CUSTOM", SUBCLASS)
        event.addHeader("Minibot-Call", call_uuid)
        event.addHeader("Minibot-Kind", kind)
        event.addHeader("Minibot-Data", json.dumps(data, default=_text))
        event.fire()

    return announce


class AnnouncedCallStore:
    """A CallStore that announces what it hands on."""

    def __init__(self, store: CallStore, announce: Announce) -> None:
        self._store = store
        self._announce = announce

    def started(self, call: CallStarted) -> None:
        self._store.started(call)
        self._announce(call.call_uuid, "started", {"phone": call.phone, "scenario": call.scenario})

    def turn(self, turn: TurnRecord) -> None:
        self._store.turn(turn)
        self._announce(turn.call_uuid, turn.kind, asdict(turn))

    def progress(self, call_uuid: str, current_step: str) -> None:
        self._store.progress(call_uuid, current_step)
        self._announce(call_uuid, "step", {"step": current_step})

    def ended(self, call: CallEnded) -> None:
        self._store.ended(call)
        # The journal has announced its own record "ended"; this one closes the call.
        self._announce(call.call_uuid, "closed", asdict(call))

    def observer_of(self, call_uuid: str) -> Callable[[HearingEvent], None]:
        """Announces a call's transcript as it grows."""

        def observe(event: HearingEvent) -> None:
            if isinstance(event, Partial):
                self._announce(call_uuid, "partial", {"at_ms": event.at_ms, "transcript": event.text})

        return observe


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
