"""What lives as long as the FreeSWITCH process: settings, database, model, threads, the calls' assembly.

Built once, in a thread with a deep stack (``minibot_fs.entry``), never in the handler's file, which
FreeSWITCH reads anew for every call. A call's own thread only reads its line and walks its dialog;
what may take long or deep is done by the threads here, while the line goes on being read.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from minibot_fs.assembly import Assembly, levels_of, live_classifier
from minibot_fs.call import Call, CallPlan
from minibot_fs.call_arguments import CallArguments, parse_call_arguments
from minibot_fs.config import Settings
from minibot_fs.deep_threads import deep_threads
from minibot_fs.dialog.scenario_file import ENDINGS as SCENARIO_ENDINGS
from minibot_fs.errors import CallGone, StoreError, UserError
from minibot_fs.hearing.decoding_pool import DecodingPool
from minibot_fs.hearing.recognizer import Recognizer
from minibot_fs.hearing.vosk_model import load_model
from minibot_fs.hearing.vosk_recognizer import VoskRecognizer
from minibot_fs.store import calls, do_not_call
from minibot_fs.store.call_store import BackgroundCallStore
from minibot_fs.store.callee import Callee, read_callee
from minibot_fs.store.calls import CallEnded, CallStarted
from minibot_fs.store.connect import open_database
from minibot_fs.store.phone_keys import open_phone_keys
from minibot_fs.switch.announcement import AnnouncedCallStore, announcer
from minibot_fs.switch.freeswitch import FreeSwitchSession, Session
from minibot_fs.switch.media_bug import FrameReader

log = logging.getLogger(__name__)

T = TypeVar("T")
RecognizerFactory = Callable[[Callable[[], int]], Recognizer]
"""Makes a call's recognizer, given the clock of the call's audio (ms)."""

PREPARING_THREADS = 2
OPT_OUT_RETRY_S = 2.0
FAULT = "NORMAL_TEMPORARY_FAILURE"


@dataclass
class LiveCall:
    """``call`` is ``None`` until the call is prepared."""

    started_at_s: float
    scenario: str = ""
    call: Call | None = None

    def describe(self, call_id: str) -> str:
        step = self.call.journal.step if self.call else None
        seconds = time.monotonic() - self.started_at_s
        return f"  {call_id} {self.scenario or '-'} step {step or '-'} {seconds:.0f} s"


class Process:
    """One a FreeSWITCH. Everything in it may be used by all calls at once.

    Args:
        freeswitch: the module that mod_python3 provides.
        recognizer: makes a call's recognizer; ``None`` for Vosk with VOSK_MODEL_PATH.

    Raises:
        UserError, StoreError, MediaBugError: something needed is wrong or missing.
    """

    def __init__(
        self, settings: Settings, freeswitch: Any, recognizer: RecognizerFactory | None = None
    ) -> None:
        self.settings = settings
        self._freeswitch = freeswitch
        self._reader = FrameReader()
        self._pool = DecodingPool(0 if recognizer else settings.decoding_workers or os.cpu_count() or 1)
        self._recognizer = recognizer or self._vosk()
        self._database = open_database(settings)
        with self._database.connection() as conn:
            self._keys = open_phone_keys(conn, settings.privacy_key.get_secret_value(), settings.data_dir)
        self._background = BackgroundCallStore(self._database, settings.data_dir / "spool")
        self._store = AnnouncedCallStore(self._background, announcer(freeswitch))
        self._preparing = deep_threads(PREPARING_THREADS, "prepare")
        self._opt_outs = ThreadPoolExecutor(1, "opt-out")
        classifier, executor = live_classifier(settings)
        self.assembly = Assembly(
            settings, self._store, opted_out=self._opted_out, classifier=classifier, executor=executor
        )
        self._live: dict[str, LiveCall] = {}
        self._close_orphans()
        self._read_ahead()

    def _vosk(self) -> RecognizerFactory:
        model = load_model(self.settings.vosk_model_path)
        return lambda _clock: VoskRecognizer(model, self._pool)

    def _close_orphans(self) -> None:
        """Calls that a process of this machine held when it was killed: nobody else will close them."""
        with self._database.connection() as conn:
            dead = [owner for owner in calls.active_owners(conn) if _is_dead(owner)]
            count = calls.close_orphans(conn, dead)
        if count:
            log.warning("%d call(s) closed that a killed process had left", count)

    def _read_ahead(self) -> None:
        """Scenarios and the levels of their prompts: 2 s of the first call's time on a busy machine."""
        for file in sorted(self.settings.scenarios_dir.glob("*.*")):
            if file.suffix not in SCENARIO_ENDINGS or file.name.endswith(".schema.json"):
                continue
            try:
                conversation = self.assembly.conversations.named(file.stem)
                for step in conversation.scenario.steps.values():
                    if step.audio_path:
                        levels_of(conversation.sounds / step.audio_path)
            except UserError as error:
                log.warning("scenario %s cannot be used: %s", file.name, error)

    # ------------------------------------------------------------------ one call

    def hold(self, session: Session, text: str) -> None:
        """Hold one call to its end, on the thread of its session. Whatever fails is stored and logged."""
        switch = FreeSwitchSession(
            session, self._freeswitch, self._reader, max_duration_s=self.settings.max_call_duration
        )
        with self._living(switch.call_id) as live:
            try:
                self._hold(switch, text, live)
            except CallGone as gone:
                log.info("call %s was over before it began: %s", switch.call_id, gone.cause)
                self._store_unheld(switch, live, "hung_up", gone.cause)
            except Exception as error:
                log.error("call %s could not be held: %s", switch.call_id, error, exc_info=error)
                switch.hang_up(FAULT)
                self._store_unheld(switch, live, "error", FAULT)
            finally:
                switch.close()

    def _hold(self, switch: FreeSwitchSession, text: str, live: LiveCall) -> None:
        # Who has answered may speak at once, while the call is still being prepared.
        switch.keep_audio()
        arguments = parse_call_arguments(text, switch.variable)
        live.scenario = arguments.scenario
        phone = arguments.phone or _other_party(switch)
        call = self._meanwhile(switch, lambda: self._prepare(switch, arguments, phone))
        live.call = call
        try:
            call.run()
        except Exception as error:  # noqa: BLE001 - stored as a result, with a goodbye
            call.fail(error)
        finally:
            call.close()

    def _prepare(self, switch: FreeSwitchSession, arguments: CallArguments, phone: str) -> Call:
        """On a deep thread: must not touch the session."""
        conversation = self.assembly.conversations.named(arguments.scenario)
        callee = self._callee(arguments.contact) or Callee(phone, {"phone": phone})
        recordings = self.settings.data_dir / "recordings"
        plan = CallPlan(
            conversation.scenario,
            callee.phone,
            callee.variables,
            contact_id=arguments.contact,
            campaign_id=arguments.campaign,
            retry_count=arguments.attempt - 1,
            recording=recordings / f"{switch.call_id}.wav" if self.settings.record_calls else None,
        )
        observe = self._store.observer_of(switch.call_id)
        return self.assembly.call(switch, self._recognizer, plan, conversation, observe=observe)

    def _callee(self, contact_id: int | None) -> Callee | None:
        if contact_id is None:
            return None
        try:
            with self._database.connection() as conn:
                return read_callee(conn, contact_id)
        except StoreError as error:
            log.warning("contact %d cannot be read, the call goes on without: %s", contact_id, error)
            return None

    def _meanwhile(self, switch: FreeSwitchSession, work: Callable[[], T]) -> T:
        """Work done on a deep thread while the line stays open. Raises CallGone."""
        future: Future[T] = self._preparing.submit(work)
        future.add_done_callback(lambda _done: switch.break_())
        while not future.done():
            switch.wait(100)
        return future.result()

    def _store_unheld(self, switch: FreeSwitchSession, live: LiveCall, result: str, cause: str) -> None:
        if live.call is not None:
            return
        now = datetime.now(UTC)
        self._store.started(CallStarted(switch.call_id, "", live.scenario, now))
        status = "failed" if result == "error" else "completed"
        self._store.ended(
            CallEnded(switch.call_id, status, result, duration_s=0.0, ended_at=now, hangup_cause=cause)
        )

    @contextmanager
    def _living(self, call_id: str) -> Iterator[LiveCall]:
        live = self._live[call_id] = LiveCall(time.monotonic())
        try:
            yield live
        finally:
            self._live.pop(call_id, None)

    # ------------------------------------------------------------------ people who want no more calls

    def _opted_out(self, phone: str, call_id: str) -> None:
        if phone.startswith("+"):
            self._opt_outs.submit(self._close_number, phone, call_id)

    def _close_number(self, phone: str, call_id: str) -> None:
        """Until it is done: an opt-out must not get lost because the database was away."""
        while True:
            try:
                with self._database.connection() as conn:
                    do_not_call.close_number(
                        conn, self._keys, phone, reason="opt_out", source=f"call {call_id}"
                    )
            except StoreError as error:
                log.warning("call %s: the number cannot be closed yet: %s", call_id, error)
                time.sleep(OPT_OUT_RETRY_S)
            else:
                log.info("call %s: the number is closed for good", call_id)
                return

    # ------------------------------------------------------------------ the console

    def status(self) -> str:
        """Live calls, model, memory and how far the queues are behind, for a person at the console."""
        live_calls = [live.describe(call_id) for call_id, live in list(self._live.items())]
        return "\n".join(
            [
                f"calls    {len(live_calls)}",
                *live_calls,
                f"model    {self.settings.vosk_model_path}",
                f"memory   {_resident_mb()} MB, {threading.active_count()} Python threads",
                f"decoding {self._pool.lag_ms} ms behind",
                f"audio    {self._reader.worst_round_ms:.1f} ms for the slowest round of all calls",
                f"store    {self._background.waiting} records waiting",
            ]
        )

    def reload(self) -> str:
        """Take up changed scenarios and objections; live calls keep theirs. Raises UserError."""
        count = self._preparing.submit(self.assembly.conversations.reload).result()
        return f"{count} scenario(s) and their objections read again"

    def close(self) -> None:
        """Write or spool what is left; the calls are over."""
        self._background.close()
        self._pool.close()


def _is_dead(owner: str) -> bool:
    """Whether this process of this machine (``store.call_store.this_process``) has gone."""
    host, _, pid = owner.rpartition("/")
    return host == socket.gethostname() and pid.isdigit() and not Path(f"/proc/{pid}").exists()


def _other_party(switch: FreeSwitchSession) -> str:
    """The number at the other end."""
    name = "destination_number" if switch.variable("direction") == "outbound" else "caller_id_number"
    return switch.variable(name) or ""


def _resident_mb() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 1_000_000
