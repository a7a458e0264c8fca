"""Prompts put where FreeSWITCH plays them from, readable by its user, and never half-written."""

from __future__ import annotations

import os
import pwd
import tempfile
from pathlib import Path

from minibot_fs.errors import AudioError, Problem
from minibot_fs.prompts.sound import Sound
from minibot_fs.prompts.telephone import write_telephone_file

FREESWITCH_USER = "freeswitch"
FILE_MODE = 0o644
FOLDER_MODE = 0o755


def make_folder(folder: Path, below: Path) -> None:
    """Make ``folder`` and what is missing above it; everything from ``below`` on gets owner and mode.

    Raises:
        AudioError: it cannot be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for part in (folder, *folder.parents):
            if not part.is_relative_to(below):
                break
            _give_to_freeswitch(part, FOLDER_MODE)
    except OSError as error:
        raise AudioError(_not_writable(folder, error)) from error
    if not os.access(folder, os.W_OK):
        raise AudioError(_not_writable(folder, PermissionError("permission denied")))


def deploy(prompt: Sound, file: Path) -> None:
    """Write the prompt under another name, then give it its own: a call never plays half a file."""
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=".", suffix=".wav")
    os.close(handle)
    temporary = Path(name)
    try:
        write_telephone_file(prompt, temporary)
        _give_to_freeswitch(temporary, FILE_MODE)
        temporary.replace(file)
    finally:
        temporary.unlink(missing_ok=True)


def unreadable_parent(folder: Path) -> Path | None:
    """The folder on the way that users other than its owner may not enter, if there is one."""
    for part in (folder, *folder.parents):
        if part.exists() and not part.stat().st_mode & 0o001 and part.stat().st_uid != _freeswitch_uid():
            return part
    return None


def _give_to_freeswitch(path: Path, mode: int) -> None:
    status = path.stat()
    if status.st_uid == os.geteuid() or os.geteuid() == 0:
        path.chmod(mode)
    if os.geteuid() == 0 and (owner := _freeswitch()) is not None:
        os.chown(path, owner.pw_uid, owner.pw_gid)


def _freeswitch() -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(FREESWITCH_USER)
    except KeyError:
        return None


def _freeswitch_uid() -> int | None:
    owner = _freeswitch()
    return None if owner is None else owner.pw_uid


def _not_writable(folder: Path, error: OSError) -> Problem:
    reason = error.strerror or str(error)
    return Problem(
        f"cannot be written to: {reason.lower()}",
        "Run it with sudo, or set FREESWITCH_SOUNDS_DIR to a folder of yours",
        file=folder,
    )
