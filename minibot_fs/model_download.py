"""Vosk models: fetched from the project's site or taken from a file, checked, unpacked whole or not at all.

list (name, url, size, md5) ─► NAME.zip.part, resumed where it broke off ─► md5
                                 local zip ───────────────────────────────────┴─► unpack ─► rename
"""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import requests

from minibot_fs.errors import Problem, UserError

SITE = "https://alphacephei.com/vosk/models"
SIZES = {"small": "vosk-model-small-fr-0.22", "large": "vosk-model-fr-0.22"}
MODEL_LIST = "model-list.json"
ACOUSTIC_MODEL = "final.mdl"
"""Every Vosk model has a file of this name, in its top folder or in ``am/``."""
ATTEMPTS = 5
TIMEOUT_S = (10, 60)
"""To connect, and between two pieces."""
PIECE_BYTES = 1 << 16

Progress = Callable[[int, int], None]
"""Told of bytes done and bytes in all."""


class ModelError(UserError):
    """A model cannot be had."""

    code = "model"


@dataclass(frozen=True)
class Published:
    """A model of the site's list."""

    name: str
    url: str
    size_bytes: int
    md5: str


def check_name(name: str) -> None:
    """Raises ModelError when ``name`` cannot be a model's: a path or a size that there is not."""
    if not re.fullmatch(r"vosk-model-[A-Za-z0-9._-]+", name):
        raise ModelError(
            Problem(
                f"{name!r} is not a model",
                f"Say {' or '.join(SIZES)}, a full name like {SIZES['small']}, or --from FILE",
            )
        )


def find_published(name: str, site: str = SITE) -> Published:
    """Look a model up in the site's list.

    Raises:
        ModelError: no network, or no such model; names those of its language.
    """
    url = f"{site}/{MODEL_LIST}"
    try:
        response = requests.get(url, timeout=TIMEOUT_S)
        response.raise_for_status()
        models: list[dict[str, Any]] = response.json()
        published = {
            str(it["name"]): Published(it["name"], f"{site}/{it['name']}.zip", int(it["size"]), it["md5"])
            for it in models
            if str(it.get("obsolete")).lower() != "true"
        }
    except requests.ConnectionError as error:
        raise _unreachable(name, site) from error
    except (requests.RequestException, ValueError, KeyError, TypeError) as error:
        raise ModelError(Problem(f"{url} is not to be used: {error}", _by_hand(name, site))) from error
    if name not in published:
        french = ", ".join(sorted(it for it in published if "-fr-" in it)) or "none"
        raise ModelError(
            Problem(f"the Vosk project publishes no model {name}", f"Its French models are: {french}")
        )
    return published[name]


def download(model: Published, folder: Path, progress: Progress) -> Path:
    """Fetch a model's archive into ``folder``; a download that broke off goes on where it stopped.

    Raises:
        ModelError: it broke off again and again, or what came is not what the list says.
    """
    _need_space(folder, model.size_bytes)
    archive = folder / f"{model.name}.zip"
    part = folder / f"{model.name}.zip.part"
    for _ in range(ATTEMPTS):
        if _size(part) >= model.size_bytes:
            break
        try:
            _fetch(model, part, progress)
        except requests.HTTPError as error:
            raise ModelError(Problem(f"{model.url}: {error}", "Try again later")) from error
        except requests.RequestException:
            continue
    size = _size(part)
    if size < model.size_bytes:
        raise ModelError(
            Problem(
                f"{model.url} broke off after {size} of {model.size_bytes} bytes",
                "Run it again: it goes on from there",
            )
        )
    if _md5(part) != model.md5:
        part.unlink()
        raise ModelError(
            Problem(
                f"{model.url} came damaged: its checksum is not the list's", "Run it again: it starts anew"
            )
        )
    return part.replace(archive)


def unpack(archive: Path, folder: Path) -> Path:
    """Unpack a model's archive to ``folder/NAME``, its own top folder; replaces one of that name.

    Nothing of an archive that is damaged or reaches out of its folder comes to stand there.

    Raises:
        ModelError: it is no archive of a Vosk model, or is damaged.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            name = _model_name(opened, archive)
            _need_space(folder, sum(member.file_size for member in opened.infolist()))
            with tempfile.TemporaryDirectory(dir=folder, prefix=f".{name}.") as unpacking:
                opened.extractall(unpacking)
                return _put_in_place(Path(unpacking) / name, folder / name)
    except FileNotFoundError:
        raise ModelError(Problem("there is no such file", "", archive)) from None
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise ModelError(
            Problem(f"is not a whole zip file: {error}", "Download it again", archive)
        ) from error
    except OSError as error:
        raise ModelError(Problem(f"cannot be unpacked to {folder}: {error}", "", archive)) from error


def _fetch(model: Published, part: Path, progress: Progress) -> None:
    """One attempt. The server may answer with the rest (206) or with everything (200)."""
    start = _size(part)
    headers = {"Range": f"bytes={start}-"} if start else {}
    with requests.get(model.url, headers=headers, stream=True, timeout=TIMEOUT_S) as response:
        response.raise_for_status()
        resumed = response.status_code == requests.codes.partial_content
        done = start if resumed else 0
        with part.open("ab" if resumed else "wb") as file:
            for piece in response.iter_content(PIECE_BYTES):
                file.write(piece)
                done += len(piece)
                progress(done, model.size_bytes)


def _model_name(opened: zipfile.ZipFile, archive: Path) -> str:
    """The archive's one top folder."""
    paths = [PurePosixPath(member.filename.replace("\\", "/")) for member in opened.infolist()]
    escaping = [path for path in paths if path.is_absolute() or ".." in path.parts]
    if escaping:
        raise ModelError(
            Problem(
                f"would write outside its folder: {escaping[0]}",
                "Do not use it; download it from the Vosk project's site",
                archive,
            )
        )
    tops = {path.parts[0] for path in paths if path.parts}
    if len(tops) != 1 or not any(path.name == ACOUSTIC_MODEL for path in paths):
        raise ModelError(
            Problem(
                f"is not a Vosk model: one folder with a {ACOUSTIC_MODEL} in it is expected",
                "See https://alphacephei.com/vosk/models",
                archive,
            )
        )
    return tops.pop()


def _put_in_place(unpacked: Path, model: Path) -> Path:
    """Rename; a model that stood there goes away only once the new one is whole."""
    if model.exists():
        unpacked.with_name("replaced").mkdir()
        model.replace(unpacked.with_name("replaced") / model.name)
    return unpacked.replace(model)


def _need_space(folder: Path, size_bytes: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if free < size_bytes:
        raise ModelError(
            Problem(f"has {free / 1e6:.0f} MB free where {size_bytes / 1e6:.0f} MB are needed", "", folder)
        )


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def _md5(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "md5").hexdigest()


def _unreachable(name: str, site: str) -> ModelError:
    return ModelError(Problem(f"{site} cannot be reached", _by_hand(name, site)))


def _by_hand(name: str, site: str) -> str:
    return (
        f"Where there is a network, download {site}/{name}.zip; bring it here, "
        f"then run: scripts/setup_models.py --from {name}.zip"
    )
