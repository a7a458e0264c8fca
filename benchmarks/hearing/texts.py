"""``texts.yaml``: what is said in the test audio, by part and split."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml


@cache
def _all() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(
        Path(__file__).with_name("texts.yaml").read_text(encoding="utf-8")
    )
    return content


def texts(part: str, split: str) -> Any:
    """A list (or, for ``answers``, a mapping of lists) of one part of the file; split is dev or held."""
    return _all()[part][split]


def spoken_words(text: str) -> str:
    """``text`` as a recognizer writes it: no punctuation, lower case."""
    return " ".join(text.lower().replace("|", " ").replace(",", " ").split())
