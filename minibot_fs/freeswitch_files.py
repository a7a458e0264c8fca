"""What the project brings to a FreeSWITCH configuration, and where it goes there.

Files of ``freeswitch/`` go to the same place; ``dialplan/minibot.xml`` goes to the contexts ``public``
(calls from outside) and ``default`` (this switch's own phones). ``@NAME@`` in a file stands for that
variable of .env.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from xml.sax.saxutils import escape

from pydantic import SecretStr

from minibot_fs.config import PROJECT_DIR, Settings
from minibot_fs.errors import Problem, UserError

CONTEXTS = ("public", "default")
_VARIABLE = re.compile(r"@([A-Z][A-Z_]+)@")
_PRIVATE_MODE = 0o640
"""The event socket's file holds a password."""


class InstallError(UserError):
    """The files cannot be copied into this FreeSWITCH configuration."""

    code = "install"


@dataclass(frozen=True)
class ConfigurationFile:
    """One file as it should be, beside what is there now (``None``: nothing)."""

    target: Path
    wanted: str
    present: str | None

    @property
    def changes(self) -> bool:
        return self.wanted != self.present

    def difference(self) -> str:
        """A unified diff; every password in it is hidden."""
        lines = difflib.unified_diff(
            (self.present or "").splitlines(keepends=True),
            self.wanted.splitlines(keepends=True),
            str(self.target) if self.present is not None else "/dev/null",
            str(self.target),
        )
        return re.sub(r'(name="password" value=")[^"]*', r"\1********", "".join(lines))


def configuration_files(settings: Settings, folder: Path) -> list[ConfigurationFile]:
    """Every file of the project's, for this configuration folder.

    Raises:
        InstallError: the folder is no FreeSWITCH configuration.
    """
    if not (folder / "freeswitch.xml").is_file():
        raise InstallError(
            Problem(
                f"{folder} is no FreeSWITCH configuration", "It must hold freeswitch.xml; try /etc/freeswitch"
            )
        )
    values = {
        name.upper(): _text(getattr(settings, name))
        for name in ("freeswitch_esl_port", "freeswitch_esl_password", "freeswitch_gateway")
    }
    return [
        ConfigurationFile(
            target,
            _filled(source.read_text("utf-8"), values),
            target.read_text("utf-8") if target.exists() else None,
        )
        for source, target in _places(folder)
    ]


def install(files: list[ConfigurationFile], now: datetime) -> list[Path]:
    """Write what differs; what was there is kept beside it as ``NAME.before-minibot-TIME``.

    Returns:
        The backups made.
    """
    backups = []
    for file in files:
        if not file.changes:
            continue
        file.target.parent.mkdir(parents=True, exist_ok=True)
        if file.present is not None:
            backup = file.target.with_name(f"{file.target.name}.before-minibot-{now:%Y%m%d-%H%M%S}")
            file.target.rename(backup)
            backups.append(backup)
        partial = file.target.with_name(file.target.name + ".partial")
        partial.touch(mode=_PRIVATE_MODE)
        partial.write_text(file.wanted, "utf-8")
        _own_like(partial, file.target.parent)
        partial.rename(file.target)
    return backups


def _places(folder: Path) -> Iterator[tuple[Path, Path]]:
    sources = PROJECT_DIR / "freeswitch"
    for source in sorted(path for path in sources.rglob("*") if path.is_file()):
        yield source, folder / source.relative_to(sources)
    for context in CONTEXTS:
        yield PROJECT_DIR / "dialplan" / "minibot.xml", folder / "dialplan" / context / "00_minibot.xml"


def _filled(text: str, values: Mapping[str, str]) -> str:
    return _VARIABLE.sub(lambda match: escape(values[match[1]], {'"': "&quot;"}), text)


def _text(value: object) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def _own_like(file: Path, folder: Path) -> None:
    """FreeSWITCH's user must be able to read what root installs."""
    owner = folder.stat()
    if os.geteuid() == 0:
        os.chown(file, owner.st_uid, owner.st_gid)
