"""The matching of the project's first guide, kept to be measured beside: difflib 70 %, shared words 30 %."""

from __future__ import annotations

from difflib import SequenceMatcher

from minibot_fs.dialog.objections import Theme

LEAST_SCORE = 0.5


def fuzzy_match(utterance: str, wording: str) -> float:
    said, written = utterance.lower().strip(), wording.lower().strip()
    similarity = SequenceMatcher(None, said, written).ratio()
    said_words, written_words = set(said.split()), set(written.split())
    shared = len(said_words & written_words) / max(len(said_words), len(written_words))
    return 0.7 * similarity + 0.3 * shared


def best_objection(utterance: str, theme: Theme, all_wordings: bool) -> str | None:
    """The objection the guide would answer; it compared one wording each, here all may be given to it."""
    scored = [
        (fuzzy_match(utterance, wording), objection.wordings[0])
        for objection in theme.objections
        for wording in (objection.wordings if all_wordings else objection.wordings[:1])
    ]
    score, objection = max(scored)
    return objection if score >= LEAST_SCORE else None
