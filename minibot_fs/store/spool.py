"""Records of calls that could not be written yet: lines of JSON in a file, in order, synced to the disk.

Each process has a file of its own in the folder and holds a lock on it while it lives. What a dead
process left behind is taken over by whichever process looks next.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from minibot_fs.store.calls import CallEnded, CallRecord, CallStarted, StepEntered, TurnRecord

_TYPES = {cls.__name__: cls for cls in (CallStarted, TurnRecord, StepEntered, CallEnded)}
_TIMES = ("started_at", "ended_at", "callback_at")


class Spool:
    """One process's spool file. Used by one thread."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = _locked(folder / f"{os.getpid()}-{os.urandom(4).hex()}.jsonl")
        self._read_to = 0
        self.records = 0

    def append(self, record: CallRecord) -> None:
        """Keep a record; it is on the disk when this returns."""
        line = json.dumps({"type": type(record).__name__, **asdict(record)}, default=datetime.isoformat)
        self._file.seek(0, os.SEEK_END)
        self._file.write(line.encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())
        self.records += 1

    def first(self) -> CallRecord | None:
        """The oldest record that was not dropped yet."""
        self._file.seek(self._read_to)
        line = self._file.readline()
        return _record(line) if line.endswith(b"\n") else None

    def drop_first(self) -> None:
        """The oldest record is written elsewhere; an emptied file is cut to nothing."""
        self._file.seek(self._read_to)
        self._file.readline()
        self._read_to = self._file.tell()
        self.records -= 1
        if not self.records:
            self._file.truncate(0)
            self._read_to = 0

    def close(self) -> None:
        """Leave the file to others if it holds records, remove it if not."""
        if not self.records:
            Path(self._file.name).unlink(missing_ok=True)
        self._file.close()


def abandoned(folder: Path) -> Iterator[tuple[Path, Iterator[CallRecord]]]:
    """The files of dead processes with their records; a file is removed once its records were consumed."""
    for path in sorted(folder.glob("*.jsonl")):
        try:
            file = _locked(path)
        except (BlockingIOError, FileNotFoundError):
            continue  # its process lives, or another took it over
        with file:
            yield path, (_record(line) for line in file.readlines() if line.endswith(b"\n"))
            path.unlink(missing_ok=True)


def _locked(path: Path) -> BinaryIO:
    file = path.open("r+b" if path.exists() else "w+b")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise
    return file


def _record(line: bytes) -> CallRecord:
    data: dict[str, Any] = json.loads(line)
    cls = _TYPES[data.pop("type")]
    for name in _TIMES:
        if data.get(name):
            data[name] = datetime.fromisoformat(data[name])
    return cls(**data)
