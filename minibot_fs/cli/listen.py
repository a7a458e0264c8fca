"""``scripts/listen.py``: what the hearing chain makes of a recording, as fast as the machine can."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console

from minibot_fs.assembly import amd_settings, embedded_classifier, hearing_settings
from minibot_fs.cli.user_errors import user_errors
from minibot_fs.config import Settings, load_settings
from minibot_fs.hearing.answering_machine import AnsweringMachineDetector
from minibot_fs.hearing.decoding_pool import DecodingPool
from minibot_fs.hearing.events import HearingEvent, UtteranceEnded
from minibot_fs.hearing.frames import (
    BYTES_PER_MS,
    FRAME_MS,
    SAMPLE_RATE_HZ,
    SILENT_FRAME,
    Reframer,
    frames_in,
)
from minibot_fs.hearing.greeting_phrases import GreetingPhrases
from minibot_fs.hearing.listener import Listener
from minibot_fs.hearing.recognizer import Recognizer
from minibot_fs.hearing.scripted_recognizer import ScriptedRecognizer
from minibot_fs.hearing.vad import WebRtcVad
from minibot_fs.hearing.vosk_model import load_model
from minibot_fs.hearing.vosk_recognizer import VoskRecognizer
from minibot_fs.prompts.decode import decode
from minibot_fs.prompts.telephone import to_telephone

WORDLESS_UTTERANCE_MS = 200
"""Without a speech model every stretch of voice this long is shown."""
AFTERWARDS_MS = 3000
"""Silence that follows the recording, so that its last utterance ends."""


def main() -> None:
    typer.run(command)


@user_errors
def command(
    file: Annotated[
        Path, typer.Argument(help="A recording, any rate and codec", exists=True, dir_okay=False)
    ],
    amd: Annotated[bool, typer.Option("--amd", help="Detect answering machines too")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of lines")] = False,
) -> None:
    """Speech starts, transcripts, utterances with the moment each was decided, the AMD verdict."""
    settings = load_settings()
    pcm = telephone_pcm(file)
    if not settings.vosk_model_path.exists():
        notice = f"No Vosk model at {settings.vosk_model_path}: utterances are shown without their words"
        Console(stderr=True, highlight=False, soft_wrap=True).print(notice, style="yellow", markup=False)
    events = [event_record(event) for event in hear_recording(settings, pcm, amd=amd)]
    duration_s = len(pcm) / BYTES_PER_MS / 1000
    if as_json:
        print(json.dumps({"file": str(file), "duration_s": duration_s, "events": events}, ensure_ascii=False))
        return
    console = Console(highlight=False, soft_wrap=True)
    for record in events:
        console.print(line_of(record), markup=False)
    console.print(f"{duration_s:.2f} s of sound, {len(events)} events", style="dim")


def telephone_pcm(file: Path) -> bytes:
    """The recording as a call would bring it: 16-bit PCM, 8 kHz, mono.

    Raises:
        AudioError: it cannot be read.
    """
    sound = decode(file)
    if sound.rate_hz != SAMPLE_RATE_HZ:
        sound = to_telephone(sound)
    return np.clip(np.round(sound.samples * 32768), -32768, 32767).astype("<i2").tobytes()


def hear_recording(settings: Settings, pcm: bytes, *, amd: bool) -> list[HearingEvent]:
    """Every event of a call in which the caller sends this and nobody says anything to them.

    Raises:
        SettingsError: there is something at VOSK_MODEL_PATH that is no Vosk model.
    """
    hearing = hearing_settings(settings)
    phrases = embedded_classifier(settings)
    recognizer: Recognizer
    if settings.vosk_model_path.exists():
        recognizer = VoskRecognizer(load_model(settings.vosk_model_path), DecodingPool(workers=0))
    else:
        recognizer = ScriptedRecognizer(lambda: 0)
        hearing = replace(hearing, unintelligible_ms=WORDLESS_UTTERANCE_MS)
    detector = AnsweringMachineDetector(
        amd_settings(settings), GreetingPhrases.load(settings.spoken_language)
    )
    listener = Listener(
        hearing,
        WebRtcVad(settings.vad_aggressiveness),
        recognizer,
        amd=detector if amd else None,
        is_backchannel=phrases.is_backchannel,
        completeness=phrases.is_complete,
    )
    reframer = Reframer()
    frames = [*reframer.push(pcm), *filter(None, [reframer.flush()])]
    frames += [SILENT_FRAME] * frames_in(AFTERWARDS_MS)
    events: list[HearingEvent] = []
    listener.listen(timeout_ms=len(frames) * FRAME_MS)
    for frame in frames:
        arrived = listener.on_frame(frame)
        events += arrived
        if any(isinstance(event, UtteranceEnded) for event in arrived):
            listener.listen(timeout_ms=len(frames) * FRAME_MS)
    listener.close()
    return events


def event_record(event: HearingEvent) -> dict[str, Any]:
    """An event as JSON: its type in snake case, its times in seconds."""
    record: dict[str, Any] = {"type": re.sub(r"(?<!^)(?=[A-Z])", "_", type(event).__name__).lower()}
    for key, value in asdict(event).items():
        if key.endswith("_ms"):
            record[f"{key.removesuffix('_ms')}_s"] = value / 1000
        else:
            record[key] = value
    return record


def line_of(record: dict[str, Any]) -> str:
    details = [
        f"{key.removesuffix('_s')} {value:.2f}" if isinstance(value, float) else f"{key} {value!s}"
        for key, value in record.items()
        if key not in ("type", "at_s", "text", "during_prompt")
    ]
    text = [f"“{record['text']}”"] if record.get("text") else []
    return f"{record['at_s']:8.2f}  {record['type']:<20} {'  '.join([*text, *details])}"
