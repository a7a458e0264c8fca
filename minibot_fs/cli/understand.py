"""``scripts/understand.py``: what the bot understands of each line, and why. One JSON object a line."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer

from minibot_fs.cli.user_errors import user_errors
from minibot_fs.config import Settings, load_settings
from minibot_fs.dialog.intent import IntentClassifier
from minibot_fs.dialog.objections import ObjectionMatcher, load_themes, nearest_theme
from minibot_fs.dialog.phrase_classifier import PhraseClassifier
from minibot_fs.errors import ObjectionError


def main() -> None:
    typer.run(command)


@user_errors
def command(
    lang: Annotated[str, typer.Option(help="Language of the utterances: fr or en")] = "fr",
    theme: Annotated[
        str | None, typer.Option(help="Theme of objections to look in, gold for one: or")
    ] = None,
) -> None:
    """Read utterances from standard input, one a line, and tell the intent of each, how sure and why."""
    settings = load_settings()
    extra = [settings.phrases_file] if settings.phrases_file and lang == settings.spoken_language else []
    classifier = PhraseClassifier.from_files(lang, extra)
    matcher = _matcher(theme, settings) if theme is not None else None
    for line in sys.stdin:
        print(json.dumps(_answer(line.rstrip("\r\n"), classifier, matcher), ensure_ascii=False), flush=True)


def _matcher(name: str, settings: Settings) -> ObjectionMatcher:
    themes = load_themes([settings.objections_dir])
    if name not in themes:
        raise ObjectionError(f"there is no theme {name!r}; the nearest is {nearest_theme(name, themes)!r}")
    return ObjectionMatcher(themes[name], settings.objection_min_score)


def _answer(text: str, classifier: IntentClassifier, matcher: ObjectionMatcher | None) -> dict[str, Any]:
    understood = classifier.classify(text)
    answer: dict[str, Any] = {
        "utterance": text,
        "intent": understood.intent.value,
        "confidence": understood.confidence,
        "why": understood.why,
    }
    if matcher is not None:
        best, match = matcher.best(text), matcher.match(text)
        answer["objection"] = match.objection if match is not None else None
        answer["score"] = best.score if best is not None else 0.0
    return answer
