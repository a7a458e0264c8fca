"""What a recognizer would have made of known words: late, and with mistakes that grow with the noise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.hearing.line import Line
from benchmarks.hearing.texts import spoken_words
from minibot_fs.hearing.scripted_recognizer import SpokenText

LAG_MS = 300
"""How long after its end a word is in a partial result; Vosk: 150-350 ms."""

_WORD_ERROR = {None: 0.08, 20: 0.12, 10: 0.2, 5: 0.4}
"""Word error rate by SNR, of the order of Vosk's on French telephone speech."""

_MISHEARD = "et de les un la sur maison bien temps moi bon dire fait va jour peu vous non oui pas".split()


def misheard(spoken: SpokenText, line: Line, rng: np.random.Generator) -> SpokenText | None:
    """The same with words lost or replaced; None when nothing is left."""
    words = []
    for word in spoken_words(spoken.text).split():
        draw = rng.random() / _WORD_ERROR[line.snr_db]
        if draw >= 1.0:
            words.append(word)
        elif draw < 0.5:
            words.append(str(rng.choice(_MISHEARD)))
    return SpokenText(spoken.start_ms, spoken.end_ms, " ".join(words)) if words else None


def partials(script: Sequence[SpokenText], line: Line, rng: np.random.Generator) -> list[tuple[int, str]]:
    """(when it comes, transcript so far) of everything said in a call."""
    heard = [found for spoken in script if (found := misheard(spoken, line, rng)) is not None]
    words = [word for spoken in heard for word in spoken.words()]
    return [
        (word.end_ms + LAG_MS, " ".join(earlier.text for earlier in words[: number + 1]))
        for number, word in enumerate(words)
    ]
