"""A whole voice: its recordings found, those that changed prepared in parallel, and deployed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from minibot_fs.errors import AudioError, Problem
from minibot_fs.prompts.decode import FORMATS
from minibot_fs.prompts.deploy import deploy, make_folder
from minibot_fs.prompts.treatment import RECIPE, Treatment, prepare

MANIFEST = ".prompts.json"
"""In the voice's deployed folder: what each prompt was made of."""


@dataclass(frozen=True)
class Levels:
    peak_dbfs: float
    rms_dbfs: float


@dataclass(frozen=True)
class PromptReady:
    """A prompt prepared, deployed unless it is a dry run. ``name`` is ``base/hello.wav``.

    ``source`` and ``levelled`` are its levels before the treatment and before the volume adjustment.
    """

    name: str
    duration_s: float
    levels: Levels
    source: Levels
    levelled: Levels
    unchanged: bool = False


@dataclass(frozen=True)
class PromptFailed:
    """A recording no prompt could be made of. ``name`` is the recording's, ``base/hello.mp3``."""

    name: str
    problem: str


@dataclass(frozen=True)
class Recording:
    """``name`` is the prompt it becomes, ``base/hello.wav``."""

    file: Path
    name: str

    @property
    def failed_name(self) -> str:
        """The recording's own name, suffix and all, in its folder."""
        return PurePosixPath(self.name).with_name(self.file.name).as_posix()


def voices(audio_dir: Path) -> list[str]:
    """The voices there are: folders with recordings."""
    if not audio_dir.is_dir():
        return []
    return sorted(folder.name for folder in audio_dir.iterdir() if folder.is_dir() and _recorded(folder))


def recordings(audio_dir: Path, voice: str) -> list[Recording]:
    """A voice's recordings, by folder and name.

    Raises:
        AudioError: there is no such voice; names those that exist.
    """
    known = voices(audio_dir)
    if voice not in known:
        remedy = f"There are: {', '.join(known)}" if known else "There are none yet"
        raise AudioError(
            Problem(
                f"there is no voice {voice!r} with recordings",
                f"{remedy}. A new one: put its recordings into {audio_dir / voice / 'base'}",
                file=audio_dir,
            )
        )
    folder = audio_dir / voice
    return [
        Recording(file, file.relative_to(folder).with_suffix(".wav").as_posix()) for file in _recorded(folder)
    ]


def set_up_voice(
    found: list[Recording],
    target: Path,
    treatment: Treatment,
    *,
    dry_run: bool = False,
    force: bool = False,
    processes: int | None = None,
) -> Iterator[PromptReady | PromptFailed]:
    """Prepare and deploy a voice's recordings; yields each as it is done, in no certain order.

    Args:
        target: the voice's deployed folder.
        dry_run: prepare everything that changed, write nothing.
        force: prepare what has not changed as well.

    Raises:
        AudioError: the target cannot be written to.
    """
    manifest = _read_manifest(target)
    if not dry_run:
        for folder in sorted({(target / recording.name).parent for recording in found}):
            make_folder(folder, below=target.parent)
    pending: dict[Recording, str] = {}
    for recording in found:
        twins = [it.file.name for it in found if it.name == recording.name and it is not recording]
        if twins:
            yield PromptFailed(
                recording.failed_name, f"{twins[0]} would become the same prompt. Keep one of the two"
            )
            continue
        try:
            key = _key(recording, treatment)
        except OSError as error:
            yield PromptFailed(recording.failed_name, f"cannot be read: {error.strerror}")
            continue
        made = manifest.get(recording.name)
        if not force and made and made["key"] == key and (target / recording.name).is_file():
            yield _from_manifest(recording.name, made)
        else:
            pending[recording] = key
    try:
        with ProcessPoolExecutor(processes) as pool:
            running = {
                pool.submit(_set_up, recording, None if dry_run else target, treatment): recording
                for recording in pending
            }
            for done in as_completed(running):
                outcome = done.result()
                if isinstance(outcome, PromptReady):
                    manifest[outcome.name] = _to_manifest(pending[running[done]], outcome)
                yield outcome
    finally:
        if pending and not dry_run:
            _write_manifest(target, manifest)


def _recorded(folder: Path) -> list[Path]:
    return sorted(
        file
        for file in folder.rglob("*")
        if file.suffix.lower() in FORMATS and not file.name.startswith(".") and file.is_file()
    )


def _set_up(recording: Recording, target: Path | None, treatment: Treatment) -> PromptReady | PromptFailed:
    """Runs in a process of the pool. A fault of one recording must not stop the others."""
    try:
        prepared = prepare(recording.file, treatment)
        if target is not None:
            deploy(prepared.prompt, target / recording.name)
    except AudioError as error:
        return PromptFailed(recording.failed_name, "; ".join(_without_file(it) for it in error.problems))
    except Exception as error:  # noqa: BLE001  a decoder's fault on a broken file can be of any kind
        return PromptFailed(recording.failed_name, f"{type(error).__name__}: {error}")
    return PromptReady(
        name=recording.name,
        duration_s=prepared.prompt.duration_s,
        levels=Levels(prepared.prompt.peak_dbfs, prepared.prompt.rms_dbfs),
        source=Levels(prepared.source.peak_dbfs, prepared.source.rms_dbfs),
        levelled=Levels(prepared.levelled.peak_dbfs, prepared.levelled.rms_dbfs),
    )


def _without_file(problem: Problem) -> str:
    return f"{problem.message}. {problem.remedy}" if problem.remedy else problem.message


def _key(recording: Recording, treatment: Treatment) -> str:
    content = hashlib.sha256(recording.file.read_bytes())
    content.update(repr((RECIPE, treatment)).encode())
    return content.hexdigest()


def _to_manifest(key: str, ready: PromptReady) -> dict[str, Any]:
    return {
        "key": key,
        **{name: value for name, value in asdict(ready).items() if name not in ("name", "unchanged")},
    }


def _from_manifest(name: str, made: dict[str, Any]) -> PromptReady:
    return PromptReady(
        name=name,
        duration_s=made["duration_s"],
        levels=Levels(**made["levels"]),
        source=Levels(**made["source"]),
        levelled=Levels(**made["levelled"]),
        unchanged=True,
    )


def _read_manifest(target: Path) -> dict[str, dict[str, Any]]:
    """Empty where there is none or it is damaged: everything is then made anew, which does no harm."""
    try:
        manifest = json.loads((target / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return manifest if isinstance(manifest, dict) else {}


def _write_manifest(target: Path, manifest: dict[str, dict[str, Any]]) -> None:
    temporary = target / f"{MANIFEST}.new"
    temporary.write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    temporary.replace(target / MANIFEST)
