"""Is everything there that a call needs? One check a line, each with its remedy."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import requests

from minibot_fs.config import Settings
from minibot_fs.errors import StoreError, UserError
from minibot_fs.hearing.vosk_model import load_model
from minibot_fs.store.connect import open_database
from minibot_fs.switch.event_socket import EventSocket, SwitchUnreachable

ESL_TIMEOUT_S = 5.0
HANDLER_TIMEOUT_S = 60.0
LEAST_FREE_GB = 2.0
MOST_CLOCK_DIFFERENCE_S = 2.0
NEEDED_MODULES = (
    "mod_commands",
    "mod_dptools",
    "mod_dialplan_xml",
    "mod_event_socket",
    "mod_loopback",
    "mod_python3",
    "mod_sndfile",
    "mod_sofia",
)


@dataclass(frozen=True)
class Finding:
    """``remedy`` is empty when all is well; ``optional`` things may be missing."""

    subject: str
    found: str
    remedy: str = ""
    optional: bool = False

    @property
    def failed(self) -> bool:
        return bool(self.remedy) and not self.optional


def check_system(settings: Settings) -> Iterator[Finding]:
    """Every finding, as it is made."""
    yield from asyncio.run(_freeswitch(settings))
    yield _sounds(settings)
    yield _database(settings)
    yield _model(settings)
    if settings.ollama_enabled:
        yield _ollama(settings)
    yield _disk(settings)
    yield _clock(settings)


async def _freeswitch(settings: Settings) -> list[Finding]:
    host, port = settings.freeswitch_esl_host, settings.freeswitch_esl_port
    where = f"event socket at {host}:{port}"
    async with EventSocket(host, port, settings.freeswitch_esl_password.get_secret_value()) as socket:
        if not await socket.wait_connected(ESL_TIMEOUT_S):
            remedy = (
                "start FreeSWITCH; then compare FREESWITCH_ESL_* in .env with event_socket.conf.xml "
                "(scripts/install_freeswitch.py writes it)"
            )
            return [Finding("FreeSWITCH", f"{where} cannot be used", remedy)]
        try:
            return [finding async for finding in _inside(settings, socket, where)]
        except (SwitchUnreachable, TimeoutError):
            return [
                Finding("FreeSWITCH", f"{where} was lost or does not answer", "look into FreeSWITCH's log")
            ]


async def _inside(settings: Settings, socket: EventSocket, where: str) -> AsyncIterator[Finding]:
    version = (await socket.api("version short")).splitlines()[0]
    yield Finding("FreeSWITCH", f"{version}, {where}")
    missing = [name for name in NEEDED_MODULES if await socket.api(f"module_exists {name}") != "true"]
    if missing:
        remedy = "load them in modules.conf.xml; packages are named freeswitch-mod-..."
        yield Finding("modules", f"{', '.join(missing)} not loaded", remedy)
    else:
        yield Finding("modules", f"all {len(NEEDED_MODULES)} loaded")
    if "mod_python3" not in missing:
        answer = await asyncio.wait_for(socket.api("python minibot_fs.handler warm"), HANDLER_TIMEOUT_S)
        if answer.startswith("ready"):
            yield Finding("handler", answer)
        else:
            remedy = (
                "FreeSWITCH must be started with PYTHONPATH naming this project and its site-packages; "
                "see its log and LOG_DIR/handler.log"
            )
            yield Finding("handler", answer or "FreeSWITCH's Python cannot import it", remedy)
    if await socket.gateway_is_up(settings.freeswitch_gateway):
        yield Finding("gateway", f"{settings.freeswitch_gateway} is up")
    else:
        remedy = "fill in sip_profiles/external/minibot_gateway.xml (a template lies beside it)"
        yield Finding("gateway", f"{settings.freeswitch_gateway} is not up", remedy, optional=True)


def _sounds(settings: Settings) -> Finding:
    folder = settings.freeswitch_sounds_dir
    voice = folder / settings.default_voice
    if not voice.is_dir():
        return Finding("sounds", f"{voice} is not there", f"scripts/setup_audio.py {settings.default_voice}")
    files = [file for file in voice.rglob("*.wav") if file.is_file()]
    closed = [path for path in [folder, voice, *files] if not _readable_by_others(path)]
    if closed:
        return Finding("sounds", f"{closed[0]} is not readable by every user", f"chmod -R a+rX {folder}")
    return Finding("sounds", f"{len(files)} prompts of {settings.default_voice} in {folder}")


def _readable_by_others(path: Path) -> bool:
    """FreeSWITCH runs as a user of its own."""
    mode = path.stat().st_mode
    return bool(mode & 0o004) and (not path.is_dir() or bool(mode & 0o001))


def _database(settings: Settings) -> Finding:
    try:
        database = open_database(settings, connections=1)
        with database.connection() as conn, conn.cursor() as cursor:
            cursor.execute("SELECT split_part(version(), ' ', 2), count(*) FROM contacts")
            version, contacts = cursor.fetchone() or ("?", 0)
    except StoreError as error:
        return Finding("PostgreSQL", str(error), "start the server, or correct DB_* in .env")
    kind = "embedded" if settings.database_is_embedded else f"{settings.db_host}:{settings.db_port}"
    return Finding("PostgreSQL", f"{version}, {kind}, {contacts} contacts")


def _model(settings: Settings) -> Finding:
    began = time.monotonic()
    try:
        load_model(settings.vosk_model_path)
    except UserError as error:
        return Finding("Vosk model", str(error.problems[0].message), "scripts/setup_models.py")
    return Finding("Vosk model", f"{settings.vosk_model_path.name} loads in {time.monotonic() - began:.1f} s")


def _ollama(settings: Settings) -> Finding:
    try:
        answer = requests.get(f"{settings.ollama_base_url}/api/tags", timeout=3)
        names = [str(model["name"]) for model in answer.json()["models"]]
    except (requests.RequestException, ValueError, KeyError):
        remedy = "start it, or set OLLAMA_ENABLED=false; without it the embedded classifier decides alone"
        return Finding("Ollama", f"{settings.ollama_base_url} does not answer", remedy, optional=True)
    if not any(name.split(":")[0] == settings.ollama_model.split(":")[0] for name in names):
        remedy = f"ollama pull {settings.ollama_model}"
        return Finding("Ollama", f"{settings.ollama_model} is not there", remedy, optional=True)
    return Finding("Ollama", settings.ollama_model)


def _disk(settings: Settings) -> Finding:
    folder = next(path for path in [settings.data_dir, *settings.data_dir.parents] if path.exists())
    if not os.access(folder, os.W_OK):
        return Finding("disk", f"{folder} is not writable", "correct DATA_DIR or its owner")
    free_gb = shutil.disk_usage(folder).free / 1e9
    if free_gb < LEAST_FREE_GB:
        return Finding("disk", f"{free_gb:.1f} GB free in {folder}", "free some, or move DATA_DIR")
    return Finding("disk", f"{free_gb:.0f} GB free in {folder}")


def _clock(settings: Settings) -> Finding:
    """This machine's clock against the database's: calling hours go by it."""
    try:
        difference_s = abs(_database_time_s(settings) - time.time())
    except StoreError:
        return Finding("clock", "nothing to compare it with", "set up PostgreSQL first", optional=True)
    if difference_s > MOST_CLOCK_DIFFERENCE_S:
        return Finding("clock", f"{difference_s:.0f} s off the database's", "timedatectl set-ntp true")
    return Finding("clock", time.strftime("%Y-%m-%d %H:%M:%S %Z"))


def _database_time_s(settings: Settings) -> float:
    with open_database(settings, connections=1).connection() as conn, conn.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM clock_timestamp())")
        (seconds,) = cursor.fetchone() or (0,)
    return float(seconds)
