"""A FreeSWITCH of the tests' own: the project's configuration, free ports of 127.0.0.1, one folder."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sysconfig
import time
import uuid
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import psycopg2
import soundfile

from minibot_fs.config import PROJECT_DIR, load_settings
from minibot_fs.freeswitch_files import configuration_files, install
from minibot_fs.store.connect import database_dsn
from tests.switch_contract import FAR_TONE_HZ, FAR_TONE_MS, PROMPT_MS

PREFIX_VARIABLE = "MINIBOT_FREESWITCH_PREFIX"
HERE = Path(__file__).parent
START_S = 20
PROMPTS_MS = {"half_second": 500, "one_second": 1000, "long_question": 14_000, "vanishing": 500}
SWIG_MODULE = "freeswitch.py"


def find_freeswitch() -> Path | None:
    """The ``freeswitch`` binary of MINIBOT_FREESWITCH_PREFIX, else the one on PATH."""
    prefix = os.environ.get(PREFIX_VARIABLE)
    found = shutil.which("freeswitch", path=f"{prefix}/bin" if prefix else None)
    return Path(found) if found else None


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def tone(file: Path, hz: int, ms: int, amplitude: float = 0.3) -> Path:
    t = np.arange(ms * 8) / 8000
    soundfile.write(file, amplitude * np.sin(2 * np.pi * hz * t), 8000, subtype="ULAW", format="WAV")
    return file


def timeline(file: Path, total_ms: int, *sounds: tuple[int, Path]) -> Path:
    """What a callee says from the answer on: each sound at its moment (ms), silence in between."""
    samples = np.zeros(total_ms * 8, np.int16)
    for at_ms, sound in sounds:
        words, rate_hz = soundfile.read(sound, dtype="int16")
        assert rate_hz == 8000
        samples[at_ms * 8 : at_ms * 8 + len(words)] = words
    soundfile.write(file, samples, 8000, subtype="PCM_16")
    return file


class FreeSwitch:
    """Start it, give it commands, look at its process, stop it.

    Args:
        env: variables for the handler's .env.
        handlers: modules of tests/switch/handlers that this process may run are always importable.
    """

    def __init__(self, binary: Path, folder: Path, env: dict[str, str]) -> None:
        self.folder = folder
        self.callees = folder / "callees"
        self.data = folder / "data"
        self._binary = binary
        self._prefix = binary.parent.parent
        self.esl_port, self.sip_port = free_port(), free_port(socket.SOCK_DGRAM)
        self.password = uuid.uuid4().hex
        self._fs_cli = [f"{binary.parent}/fs_cli", "-H", "127.0.0.1", "-P", str(self.esl_port)]
        self._fs_cli += ["-p", self.password]
        self.env_file = folder / "env"
        self._process: subprocess.Popen[bytes] | None = None
        self.stopped_with: int | None = None
        self._known_dsn: str | None = None
        for name in ("conf", "log", "db", "run", "scripts", "sounds", "callees", "reports"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        values = {
            "DATA_DIR": str(self.data),
            "LOG_DIR": str(folder / "minibot-log"),
            "FREESWITCH_SOUNDS_DIR": str(folder / "sounds"),
            "FREESWITCH_ESL_HOST": "127.0.0.1",
            "FREESWITCH_ESL_PORT": str(self.esl_port),
            "FREESWITCH_ESL_PASSWORD": self.password,
            "SCENARIOS_DIR": str(folder / "scenarios"),
            "OLLAMA_ENABLED": "false",
            **env,
        }
        self.env_file.write_text("".join(f"{name}={value}\n" for name, value in values.items()))
        self.settings = load_settings(self.env_file)
        self._configure()

    def _configure(self) -> None:
        rtp_start = 20000 + (os.getpid() * 7) % 200 * 200
        overlay = (HERE / "overlay" / "freeswitch.xml").read_text()
        places = {
            "RTP_START": rtp_start,
            "RTP_END": rtp_start + 998,
            "SIP_PORT": self.sip_port,
            "CALLEES": self.callees,
        }
        for name, value in places.items():
            overlay = overlay.replace(f"@{name}@", str(value))
        (self.folder / "conf" / "freeswitch.xml").write_text(overlay)
        install(configuration_files(self.settings, self.folder / "conf"), datetime.now())
        tone(self.callees / "tone.wav", FAR_TONE_HZ, FAR_TONE_MS)
        tone(self.callees / "prompt.wav", 440, PROMPT_MS)
        (self.folder / "sounds" / "tester").mkdir()
        for name, ms in PROMPTS_MS.items():
            tone(self.folder / "sounds" / "tester" / f"{name}.wav", 440, ms)
        shutil.copytree(HERE / "scenarios", self.folder / "scenarios")
        for scenario in (PROJECT_DIR / "scenarios").iterdir():
            shutil.copy(scenario, self.folder / "scenarios")

    # ------------------------------------------------------------------ its life

    def start(self) -> None:
        swig = next(self._prefix.glob(f"lib/**/{SWIG_MODULE}"), None)
        paths = [
            HERE / "handlers",
            PROJECT_DIR,
            *([swig.parent] if swig else []),
            sysconfig.get_path("purelib"),
        ]
        environment = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "PYTHONPATH": os.pathsep.join(map(str, paths)),
            "PYTHONDONTWRITEBYTECODE": "1",
            "MINIBOT_ENV_FILE": str(self.env_file),
            "MINIBOT_TEST_FOLDER": str(self.folder),
        }
        folders = {
            name: str(self.folder / name) for name in ("conf", "log", "db", "run", "scripts", "sounds")
        } | {name: str(self.folder / "run") for name in ("temp", "cache", "recordings", "storage")}
        modules = next(self._prefix.glob("lib/**/mod_python3.so"), None)
        if modules is not None:
            folders["mod"] = str(modules.parent)
        command = [str(self._binary), "-nonat", "-nf", "-nc", "-np"]
        for name, value in folders.items():
            command += [f"-{name}", value]
        with (self.folder / "out").open("ab") as out:
            self._process = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=self.folder
            )
        self.wait_for(lambda: "is ready" in self.api("status"), START_S, "FreeSWITCH to start")

    def stop(self, command: str = "fsctl shutdown") -> None:
        """``fsctl shutdown`` hangs every call up first; ``fsctl shutdown now`` does not."""
        if self._process is None:
            return
        self.api(command)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise AssertionError("FreeSWITCH did not stop within 30 s") from None
        finally:
            self.stopped_with = self._process.returncode
            self._process = None

    def stop_database(self) -> None:
        """The embedded server was seen to outlive the processes that use it."""
        file = self.data / "postgres" / "postmaster.pid"
        if file.exists():
            os.kill(int(file.read_text().split()[0]), signal.SIGINT)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    # ------------------------------------------------------------------ commands

    def api(self, command: str) -> str:
        """A command's answer; empty while FreeSWITCH is not there."""
        asked = subprocess.run(
            [*self._fs_cli, "-x", command],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return asked.stdout.strip()

    def call(self, leg: str, application: str, **variables: str) -> str:
        """Place a call in the background; its UUID."""
        call_uuid = str(uuid.uuid4())
        block = ",".join(
            f"{name}={value}" for name, value in {"origination_uuid": call_uuid, **variables}.items()
        )
        self.api(f"bgapi originate {{{block}}}{leg} '&{application}'")
        return call_uuid

    def loopback(self, callee: str) -> str:
        return f"loopback/{callee}/callees"

    def sip(self, callee: str) -> str:
        return f"sofia/test/{callee}@127.0.0.1:{self.sip_port}"

    def channels(self) -> int:
        return int(self.api("show channels count").split()[0])

    def live_calls(self) -> int:
        """Calls the handler holds, as its console command tells."""
        return int(self.api("python minibot_fs.handler status").split()[1])

    # ------------------------------------------------------------------ looking on

    def query(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Rows of the handler's database."""
        with closing(psycopg2.connect(self._dsn())) as conn, conn, conn.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def _dsn(self) -> str:
        """Asked for once: a server that is shut must not be asked to make its database again."""
        if self._known_dsn is None:
            self._known_dsn = database_dsn(self.settings)
        return self._known_dsn

    def result(self, call_uuid: str, timeout_s: float) -> str:
        """The stored result of a call, once it has ended."""

        def rows() -> list[tuple[Any, ...]]:
            return self.query(
                "SELECT result FROM calls WHERE call_uuid = %s AND ended_at IS NOT NULL", call_uuid
            )

        self.wait_for(rows, timeout_s, f"call {call_uuid} to be stored")
        return str(rows()[0][0])

    def shut_database(self, *, out: bool) -> None:
        """Throw everybody out of the handler's database and keep them out, or let them in again."""
        dsn = self._dsn()
        name = self.settings.db_name
        with closing(psycopg2.connect(dsn.replace(f"/{name}?", "/postgres?"))) as admin:
            admin.autocommit = True
            with admin.cursor() as cursor:
                cursor.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS {"false" if out else "true"}')
                if out:
                    cursor.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,)
                    )

    def turns(self, call_uuid: str, kind: str) -> list[dict[str, Any]]:
        """The stored turns of one kind, in order."""
        names = ("seq", "step", "transcript", "intent", "prompt_position_ms", "latencies", "data", "why")
        rows = self.query(
            f"SELECT {', '.join(names)} FROM call_events WHERE call_uuid = %s AND kind = %s ORDER BY seq",
            call_uuid,
            kind,
        )
        return [dict(zip(names, row, strict=True)) for row in rows]

    def report(self, call_uuid: str, timeout_s: float) -> dict[str, object]:
        """What a test's own handler reported of its call."""
        file = self.folder / "reports" / f"{call_uuid}.json"
        self.wait_for(file.exists, timeout_s, f"the report of {call_uuid}")
        return dict(json.loads(file.read_text()))

    def wait_for(self, condition: Callable[[], object], timeout_s: float, what: str) -> None:
        deadline = time.monotonic() + timeout_s
        while not condition():
            if self._process is not None and self._process.poll() is not None:
                raise AssertionError(f"FreeSWITCH died with {self._process.returncode}\n{self.log_tail()}")
            if time.monotonic() > deadline:
                raise AssertionError(f"waited {timeout_s} s for {what}\n{self.log_tail()}")
            time.sleep(0.05)

    def wait_for_silence(self, timeout_s: float = 20) -> None:
        """Until no channel is left."""
        self.wait_for(lambda: self.channels() == 0, timeout_s, "the last channel to end")

    def handler_log(self) -> str:
        file = self.folder / "minibot-log" / "handler.log"
        return file.read_text() if file.exists() else ""

    def log_tail(self, lines: int = 30) -> str:
        log = self.folder / "log" / "freeswitch.log"
        switch = log.read_text(errors="replace").splitlines() if log.exists() else []
        return "\n".join([*switch[-lines:], *self.handler_log().splitlines()[-lines:]])

    def footprint(self) -> dict[str, int]:
        """Memory (kB), threads and open files of the process.

        Event polls are left out: fs_cli's connections leave theirs to be tidied up later, 50 to 70 of them.
        """
        status = dict(
            line.split(":", 1)
            for line in Path(f"/proc/{self.pid}/status").read_text().splitlines()
            if ":" in line
        )
        files = [str(file.readlink()) for file in Path(f"/proc/{self.pid}/fd").iterdir() if file.is_symlink()]
        return {
            "memory_kb": int(status["VmRSS"].split()[0]),
            "threads": int(status["Threads"]),
            "files": sum(not file.startswith("anon_inode:") for file in files),
        }
