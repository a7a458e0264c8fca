"""Make the sample voice and the callers' sounds with espeak-ng; they are committed ready-made.

    python scripts/make_sample_voice.py [--force | --check]

Says the text of every prompt of scenarios/ and of every objection answer that a sample scenario can
give (audio/julie/...), and every turn of callers/*.yaml (callers/sounds/...). The same texts give
the same files. Only what changed is made anew, and a file that someone put in the place of a made
one (a real recording) is left alone, unless --force is given. Needs espeak-ng (apt install espeak-ng).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import yaml

from minibot_fs.dialog.personalise import personalise
from minibot_fs.prompts.normalise import normalise
from minibot_fs.prompts.sound import Samples, Sound, from_db
from minibot_fs.prompts.telephone import TELEPHONE_RATE_HZ, to_telephone, write_telephone_file
from minibot_fs.prompts.trim import trim

PROJECT = Path(__file__).resolve().parent.parent
AUDIO = PROJECT / "audio"
CALLER_SOUNDS = PROJECT / "callers" / "sounds"
RECIPE = 2
"""Raised when the same text is to give other samples, so that everything is made anew."""
RECORD = ".made.json"
CALLER_RMS_DBFS = -23.0
"""A caller's voice reaches us quieter than our prompts are: the loss of a telephone line."""
PLACEHOLDER = re.compile(r"[\[\]]")
"""What the user's own figures go into: ``[votre montant]`` is said without its brackets."""


@dataclass(frozen=True)
class Speaker:
    """An espeak-ng voice. ``speed_wpm`` in words a minute; ``pitch`` 0-99."""

    voice: str
    speed_wpm: int
    pitch: int


@dataclass(frozen=True)
class Wanted:
    """A file to be made: words said by a speaker, or the effect that the file is named after."""

    folder: Path
    name: str
    text: str
    speaker: Speaker
    rms_dbfs: float

    @property
    def recipe(self) -> str:
        return hashlib.sha256(
            repr((RECIPE, self.name, self.text, self.speaker, self.rms_dbfs)).encode()
        ).hexdigest()


SAMPLE_VOICES = {"julie": Speaker("fr+f2", 160, 55)}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--force", action="store_true", help="make every file anew, recordings too")
    parser.add_argument(
        "--check", action="store_true", help="only tell what is to be made; exit 1 if anything"
    )
    arguments = parser.parse_args()
    wanted = list({(it.folder, it.name): it for it in reversed([*_prompts(), *_turns()])}.values())[::-1]
    records = {folder: _read_record(folder) for folder in {it.folder for it in wanted}}
    due = [it for it in wanted if arguments.force or _is_due(it, records[it.folder].get(it.name))]
    if arguments.check:
        for it in due:
            print(f"to be made: {(it.folder / it.name).relative_to(PROJECT)}")
        return 1 if due else 0
    if due and shutil.which("espeak-ng") is None:
        print("espeak-ng is missing. Install it: sudo apt-get install espeak-ng", file=sys.stderr)
        return 2
    for it in due:
        file = it.folder / it.name
        _make(it, file)
        records[it.folder][it.name] = {"recipe": it.recipe, "sha256": _sha256(file)}
        _write_record(it.folder, records[it.folder])
        print(f"made {file.relative_to(PROJECT)}")
    print(f"{len(due)} made, {len(wanted) - len(due)} unchanged")
    return 0


def _is_due(wanted: Wanted, made: dict[str, str] | None) -> bool:
    """Not there, or said otherwise than now wanted; a file that was not made here is left alone."""
    file = wanted.folder / wanted.name
    if not file.exists():
        return True
    if made is None or made["sha256"] != _sha256(file):
        return False
    return made["recipe"] != wanted.recipe


def _prompts() -> Iterator[Wanted]:
    """The prompts of all sample scenarios, and the objection answers of their themes."""
    for file in sorted([*(PROJECT / "scenarios").glob("*.json"), *(PROJECT / "scenarios").glob("*.yaml")]):
        scenario = yaml.safe_load(file.read_text(encoding="utf-8"))
        if not isinstance(scenario, dict) or scenario.get("voice") not in SAMPLE_VOICES:
            continue
        for said in (*scenario["steps"].values(), scenario.get("leave_message") or {}):
            if said.get("audio_path"):
                yield _prompt(said["audio_path"], said["text"])
        yield from _objection_answers(scenario)


def _objection_answers(scenario: dict[str, object]) -> Iterator[Wanted]:
    theme = PROJECT / "minibot_fs" / "dialog" / "themes" / f"{scenario.get('theme')}.yaml"
    if not theme.is_file():
        return
    for objection in yaml.safe_load(theme.read_text(encoding="utf-8"))["objections"]:
        yield _prompt(
            f"{scenario['voice']}/objections/{Path(objection['audio_file']).name}", objection["response"]
        )


def _prompt(audio_path: str, text: str) -> Wanted:
    voice, _, name = audio_path.partition("/")
    return Wanted(AUDIO / voice, name, _speakable(text), SAMPLE_VOICES[voice], -18.0)


def _speakable(text: str) -> str:
    """A recording cannot say a contact's name: the sample voice leaves it out."""
    return PLACEHOLDER.sub("", personalise(text, {}))


def _turns() -> Iterator[Wanted]:
    """What the callers say. Their files are read raw: a check would miss the sounds not yet made."""
    for file in sorted((PROJECT / "callers").glob("*.yaml")):
        caller = yaml.safe_load(file.read_text(encoding="utf-8"))
        speaker = Speaker(caller.get("voice", "fr"), caller.get("speed_wpm", 170), caller.get("pitch", 50))
        for turn in caller.get("turns") or ():
            if "sound" in turn:
                yield Wanted(CALLER_SOUNDS, turn["sound"], turn.get("say", ""), speaker, CALLER_RMS_DBFS)


def _make(wanted: Wanted, file: Path) -> None:
    if wanted.text:
        sound = trim(_spoken(wanted.text, wanted.speaker))
        sound = normalise(to_telephone(sound), rms_dbfs=wanted.rms_dbfs)
    else:
        sound = Sound(EFFECTS[Path(wanted.name).stem](), TELEPHONE_RATE_HZ)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_telephone_file(sound, file)


def _spoken(text: str, speaker: Speaker) -> Sound:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "said.wav"
        subprocess.run(
            [
                "espeak-ng", "-v", speaker.voice, "-s", str(speaker.speed_wpm), "-p", str(speaker.pitch),
                "-w", str(file), "--stdin",
            ],
            input=text.encode(),
            check=True,
        )  # fmt: skip
        samples, rate_hz = soundfile.read(file)
    return Sound(samples, rate_hz)


def _cough() -> Samples:
    """Two bursts of noise through a throat: a sharp onset, a ragged decay, little below 300 Hz."""
    random = np.random.default_rng(7)
    bursts = []
    for length_s, level in ((0.16, 1.0), (0.22, 0.7)):
        length = int(length_s * TELEPHONE_RATE_HZ)
        decay = np.exp(-np.arange(length) / (0.045 * TELEPHONE_RATE_HZ))
        onset = np.minimum(1, np.arange(length) / 40)
        noise = np.convolve(random.standard_normal(length), [1, -0.4, -0.5, 0.2], mode="same")
        bursts += [level * onset * decay * noise, np.zeros(int(0.12 * TELEPHONE_RATE_HZ))]
    cough = np.concatenate(bursts)
    return normalise(Sound(cough, TELEPHONE_RATE_HZ), rms_dbfs=CALLER_RMS_DBFS).samples


def _beep() -> Samples:
    """A voicemail box's beep: 1000 Hz for half a second, with soft edges."""
    length = TELEPHONE_RATE_HZ // 2
    edges = np.minimum(1, np.minimum(np.arange(length), np.arange(length)[::-1]) / 80)
    tone: Samples = from_db(-15) * edges * np.sin(2 * np.pi * 1000 * np.arange(length) / TELEPHONE_RATE_HZ)
    return tone


EFFECTS = {"cough": _cough, "beep": _beep}


def _read_record(folder: Path) -> dict[str, dict[str, str]]:
    file = folder / RECORD
    record: dict[str, dict[str, str]] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return record


def _write_record(folder: Path, record: dict[str, dict[str, str]]) -> None:
    text = json.dumps(record, indent=1, sort_keys=True) + "\n"
    (folder / RECORD).write_text(text, encoding="utf-8")


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
