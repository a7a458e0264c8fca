"""Themes of objections: the package's own and the user's, one YAML file each, found by being there."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from minibot_fs.errors import ObjectionError, Problem

THEMES_FOLDER = Path(__file__).parent / "themes"

_FIELDS = ("wordings", "response", "audio_file", "category")
_AUDIO_FILE = re.compile(r"[\w][\w.-]*\.wav", re.ASCII)


@dataclass(frozen=True)
class Objection:
    """``wordings`` are ways to say it, the first of them its name; ``audio_file`` is the recorded answer."""

    wordings: tuple[str, ...]
    response: str
    audio_file: str
    category: str


@dataclass(frozen=True)
class Theme:
    """The objections against one kind of offer; ``name`` is the file's name without its ending."""

    name: str
    title: str
    objections: tuple[Objection, ...]
    file: Path


def load_themes(folders: Sequence[Path] = ()) -> dict[str, Theme]:
    """All themes by name (the file's name without ``.yaml``): the package's own, then those of ``folders``.

    A theme found again extends the one before it: an objection with the same first wording replaces it, any
    other is added. Folders that do not exist are passed over.

    Raises:
        ObjectionError: with every problem of every file.
    """
    problems: list[Problem] = []
    themes: dict[str, Theme] = {}
    for folder in (THEMES_FOLDER, *folders):
        for path in sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")]):
            theme = _ThemeReader(path, problems).read()
            if theme is not None:
                themes[theme.name] = _extended(themes.get(theme.name), theme)
    for theme in themes.values():
        _check_sounds(theme, problems)
    if problems:
        raise ObjectionError(problems)
    return themes


def nearest_theme(name: str, themes: dict[str, Theme]) -> str:
    """The theme whose name is most like one that does not exist."""
    return difflib.get_close_matches(name, themes, n=1, cutoff=0.0)[0]


def _extended(known: Theme | None, theme: Theme) -> Theme:
    if known is None:
        return replace(theme, title=theme.title or theme.name)
    objections = {objection.wordings[0]: objection for objection in known.objections}
    objections.update({objection.wordings[0]: objection for objection in theme.objections})
    return Theme(theme.name, theme.title or known.title, tuple(objections.values()), theme.file)


def _check_sounds(theme: Theme, problems: list[Problem]) -> None:
    owners: dict[str, str] = {}
    for objection in theme.objections:
        owner = owners.setdefault(objection.audio_file, objection.wordings[0])
        if owner != objection.wordings[0]:
            problems.append(
                Problem(
                    f"{objection.audio_file} answers both {owner!r} and {objection.wordings[0]!r}",
                    "Give each objection a recording of its own",
                    file=theme.file,
                    field="audio_file",
                )
            )


class _ThemeReader:
    """One file, read by its nodes so that every problem has its line."""

    def __init__(self, path: Path, problems: list[Problem]) -> None:
        self._path = path
        self._problems = problems

    def read(self) -> Theme | None:
        try:
            root = yaml.compose(self._path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
        except (OSError, UnicodeDecodeError) as error:
            self._problem(f"cannot be read: {error}", None)
            return None
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            where = f"is not YAML: {getattr(error, 'problem', None) or error}"
            self._problem(where, None, line=mark.line + 1 if mark else None)
            return None
        if not isinstance(root, yaml.MappingNode):
            self._problem("a theme has a title and a list of objections", root)
            return None
        title, objections = "", []
        for key, node in root.value:
            match key.value:
                case "title":
                    title = self._text(node, "title")
                case "objections":
                    objections = self._objections(node)
                case unknown:
                    self._unknown(unknown, key, ("title", "objections"))
        if not objections and not self._problems:
            self._problem("has no objections", root, "List at least one under 'objections'")
        return Theme(self._path.stem, title, tuple(objections), self._path)

    def _objections(self, node: yaml.Node) -> list[Objection]:
        if not isinstance(node, yaml.SequenceNode):
            self._problem("a list of objections is expected here", node, field="objections")
            return []
        found: dict[str, Objection] = {}
        for index, item in enumerate(node.value):
            objection = self._objection(item, f"objections.{index + 1}")
            if objection is None:
                continue
            if objection.wordings[0] in found:
                self._problem(f"{objection.wordings[0]!r} is there twice", item, "Join the two")
            found[objection.wordings[0]] = objection
        return list(found.values())

    def _objection(self, node: yaml.Node, field: str) -> Objection | None:
        if not isinstance(node, yaml.MappingNode):
            self._problem(f"an objection has {', '.join(_FIELDS)}", node, field=field)
            return None
        values: dict[str, yaml.Node] = {}
        for key, value in node.value:
            if key.value in _FIELDS:
                values[key.value] = value
            else:
                self._unknown(key.value, key, _FIELDS, field)
        before = len(self._problems)
        for name in _FIELDS[:3]:
            if name not in values:
                self._problem(f"{name} is missing", node, field=field)
        wordings = self._wordings(values.get("wordings"), f"{field}.wordings")
        response, audio_file, category = (
            self._text(values[name], f"{field}.{name}") if name in values else "" for name in _FIELDS[1:]
        )
        if audio_file and not _AUDIO_FILE.fullmatch(audio_file):
            message = f"{audio_file!r} is not the name of a recording"
            self._problem(message, values["audio_file"], "Write one like or_risky.wav", f"{field}.audio_file")
        if len(self._problems) > before:
            return None
        return Objection(wordings, response, audio_file, category or "other")

    def _wordings(self, node: yaml.Node | None, field: str) -> tuple[str, ...]:
        if node is None:
            return ()
        if not isinstance(node, yaml.SequenceNode) or not node.value:
            self._problem("a list of wordings is expected here", node, field=field)
            return ()
        return tuple(self._text(item, field) for item in node.value)

    def _text(self, node: yaml.Node, field: str) -> str:
        if isinstance(node, yaml.ScalarNode) and node.value.strip():
            return " ".join(node.value.split())
        self._problem("a text is expected here", node, field=field)
        return ""

    def _unknown(self, name: str, node: yaml.Node, known: Sequence[str], field: str | None = None) -> None:
        near = difflib.get_close_matches(str(name), known, n=1, cutoff=0.0)[0]
        self._problem(f"there is no field {name!r}", node, f"The nearest is {near!r}", field)

    def _problem(
        self,
        message: str,
        node: yaml.Node | None,
        remedy: str = "",
        field: str | None = None,
        line: int | None = None,
    ) -> None:
        if node is not None:
            line = node.start_mark.line + 1
        self._problems.append(Problem(message, remedy, file=self._path, line=line, field=field))
