"""How FreeSWITCH enters: what ``minibot_fs.handler`` hands on to, safe to be called from any thread.

Here, and in :mod:`minibot_fs.process`, everything is caught: a call must end well whatever happens.
"""

from __future__ import annotations

import atexit
import logging
import logging.handlers
import resource
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from minibot_fs.config import Settings, load_settings
from minibot_fs.deep_threads import deep_threads
from minibot_fs.errors import StoreError, UserError
from minibot_fs.process import FAULT, Process
from minibot_fs.switch.freeswitch import Session

log = logging.getLogger(__name__)

USAGE = "usage: python minibot_fs.handler status | reload | warm"
LOG_BYTES, LOG_FILES = 10_000_000, 5
WAIT_MS = 100


class Entry:
    """Builds the process's parts once, at the first need, and hands calls to them.

    A build that failed is tried again by the next call: the database may be back by then.
    """

    def __init__(self, build: Callable[[], Process]) -> None:
        self._build = build
        self._lock = threading.Lock()
        self._process: Future[Process] | None = None
        self._builder = deep_threads(1, "build")

    def hold(self, session: Session, text: str) -> None:
        """One call, on the thread of its session; when this returns the call is over."""
        call_id = session.getVariable("uuid")
        try:
            building = self.start()
            while not building.done() and session.ready():
                session.sleep(WAIT_MS)
            if session.ready():
                building.result().hold(session, text)
        except Exception as error:
            log.error("call %s could not begin: %s", call_id, error, exc_info=error)
        finally:
            if session.ready():
                session.hangup(FAULT)
            # A traceback that outlives the call would keep the session, and with it the channel, for ever.
            session.destroy()

    def command(self, text: str) -> str:
        """What a person asks for at FreeSWITCH's console."""
        try:
            match text.split():
                case ["status"]:
                    return self._built().status()
                case ["reload"]:
                    return self._built().reload()
                case ["warm"]:
                    began = time.monotonic()
                    self._built()
                    return f"ready after {time.monotonic() - began:.1f} s"
        except (UserError, StoreError) as error:
            return f"-ERR {error}"
        except Exception as error:
            log.exception("%s failed", text)
            return f"-ERR {type(error).__name__}: {error}"
        return f"-ERR {USAGE}"

    def start(self) -> Future[Process]:
        """Begin to build, unless that was done or goes on."""
        with self._lock:
            if self._process is None or (self._process.done() and self._process.exception() is not None):
                self._process = self._builder.submit(self._build)
            return self._process

    def _built(self) -> Process:
        return self.start().result()


def build() -> Process:
    """The process as .env describes it. Runs on a deep thread."""
    import freeswitch

    settings = load_settings()
    log_to(settings, freeswitch)
    _give_child_processes_a_stack()
    process = Process(settings, freeswitch)
    atexit.register(process.close)
    return process


def _give_child_processes_a_stack() -> None:
    """FreeSWITCH lowers its stack limit to 240 KiB; the embedded PostgreSQL would not start with that.

    FreeSWITCH's own threads state their size and keep it.
    """
    _soft, hard = resource.getrlimit(resource.RLIMIT_STACK)
    resource.setrlimit(resource.RLIMIT_STACK, (hard, hard))


def log_to(settings: Settings, freeswitch: Any) -> None:
    """The handler's log goes to a file of its own, warnings to FreeSWITCH's as well."""
    settings.log_dir.mkdir(parents=True, exist_ok=True)
    file = logging.handlers.RotatingFileHandler(
        settings.log_dir / "handler.log", maxBytes=LOG_BYTES, backupCount=LOG_FILES, encoding="utf-8"
    )
    file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    console = _SwitchLog(freeswitch)
    console.setLevel(logging.WARNING)
    root = logging.getLogger()
    root.handlers[:] = [file, console]
    root.setLevel(settings.log_level)


class _SwitchLog(logging.Handler):
    _LEVELS = ((logging.ERROR, "ERR"), (logging.WARNING, "WARNING"), (logging.INFO, "INFO"))

    def __init__(self, freeswitch: Any) -> None:
        super().__init__()
        self._freeswitch = freeswitch

    def emit(self, record: logging.LogRecord) -> None:
        level = next((name for at_least, name in self._LEVELS if record.levelno >= at_least), "DEBUG")
        self._freeswitch.consoleLog(level, f"minibot_fs: {record.getMessage()}\n")


ENTRY = Entry(build)
