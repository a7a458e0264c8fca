"""A Vosk model, loaded once a process, and the decoders it lends.

Measured (vosk 0.3.45, Korean model): a free decoder costs 65 ms and 35 MB to create and decodes
at a real-time factor of 0.45 at first, but 0.05-0.1 once it has heard some seconds, because it
builds its graph as it goes. So free decoders are kept and lent again, the most used one first. A decoder
with a grammar costs 0.4 ms and is made for each utterance.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from pathlib import Path

import vosk

from minibot_fs.errors import Problem, SettingsError
from minibot_fs.hearing.frames import BYTES_PER_MS, SAMPLE_RATE_HZ
from minibot_fs.hearing.recognizer import FinalText, Word

_UNKNOWN_WORDS = ("[unk]", "<unk>", "<UNK>")
_KEPT_DECODERS = 16
_GET_ONE = "Put a Vosk model folder there (README, chapter on models) or correct VOSK_MODEL_PATH"

_creation_lock = threading.Lock()
"""Creating recognizers concurrently has crashed Vosk (vosk-api#606)."""
_loading_lock = threading.Lock()
_loaded: dict[Path, SpeechModel] = {}


class Decoder:
    """A Kaldi recognizer for one utterance after another; used by one thread at a time.

    Vosk ends a segment of its own accord at a pause; here an utterance has as many segments as
    it needs. Nothing is accepted between a final result and a reset (vosk-api#481).
    """

    def __init__(self, kaldi: vosk.KaldiRecognizer) -> None:
        kaldi.SetWords(True)
        self._kaldi = kaldi
        self._segments: list[str] = []
        self._words: list[Word] = []
        self._fed_bytes = 0
        self._utterance_from_ms = 0.0

    def accept(self, pcm: bytes) -> None:
        self._fed_bytes += len(pcm)
        if self._kaldi.AcceptWaveform(pcm):
            self._keep(self._kaldi.Result())

    def partial(self) -> str:
        running = json.loads(self._kaldi.PartialResult()).get("partial", "")
        return " ".join([*self._segments, running] if running else self._segments)

    def finish(self) -> FinalText:
        """The words of the utterance; the decoder is then ready for another."""
        self._keep(self._kaldi.FinalResult())
        words = tuple(self._words)
        text = " ".join(self._segments)
        confidence = sum(word.confidence for word in words) / len(words) if words else 0.0
        self.reset()
        return FinalText(text, confidence, words)

    def reset(self) -> None:
        self._kaldi.Reset()
        self._segments.clear()
        self._words.clear()
        self._utterance_from_ms = self._fed_bytes / BYTES_PER_MS

    def _keep(self, result: str) -> None:
        segment = json.loads(result)
        if segment.get("text"):
            self._segments.append(segment["text"])
        for word in segment.get("result", ()):
            start_ms = round(word["start"] * 1000 - self._utterance_from_ms)
            end_ms = round(word["end"] * 1000 - self._utterance_from_ms)
            self._words.append(Word(word["word"], start_ms, end_ms, word["conf"]))


class SpeechModel:
    """Get one with :func:`load_model`. Safe to use from any thread."""

    def __init__(self, path: Path, model: vosk.Model) -> None:
        self._path = path
        self._model = model
        self._kept: list[Decoder] = []
        self.unknown_word = next((word for word in _UNKNOWN_WORDS if self.knows(word)), None)
        self.takes_grammar = (_folders(path)[1] / "Gr.fst").is_file() and self.unknown_word is not None
        """Without a word for everything else, a grammar would hear its phrases in any noise."""

    def knows(self, word: str) -> bool:
        """Whether the word is in the model's vocabulary."""
        return bool(self._model.vosk_model_find_word(word) >= 0)

    def borrow_free(self) -> Decoder:
        """A decoder for any words; :meth:`give_back` it when the utterance is over."""
        with _creation_lock:
            if self._kept:
                return self._kept.pop()
            return Decoder(vosk.KaldiRecognizer(self._model, SAMPLE_RATE_HZ))

    def give_back(self, decoder: Decoder) -> None:
        decoder.reset()
        with _creation_lock:
            if len(self._kept) < _KEPT_DECODERS:
                self._kept.append(decoder)

    def focused(self, phrases: Sequence[str]) -> Decoder | None:
        """A decoder for these phrases and one word for everything else.

        A phrase with a word that the model does not know is left out: Vosk would drop that word
        and then hear the rest of the phrase where it was not said. ``None`` when nothing is left.
        """
        known = [phrase for phrase in phrases if phrase and all(map(self.knows, phrase.split()))]
        if not (known and self.takes_grammar):
            return None
        grammar = json.dumps([*known, self.unknown_word], ensure_ascii=False)
        with _creation_lock:
            return Decoder(vosk.KaldiRecognizer(self._model, SAMPLE_RATE_HZ, grammar))


def load_model(path: Path) -> SpeechModel:
    """The model of this folder; the first call loads it (0.5-5 s), later ones get the same.

    Raises:
        SettingsError: VOSK_MODEL_PATH is not a complete model.
    """
    path = path.resolve()
    with _loading_lock:
        if path not in _loaded:
            _check(path)
            vosk.SetLogLevel(-1)
            try:
                model = vosk.Model(str(path))
            except Exception as error:
                raise _problem(path, "cannot be loaded as a Vosk model") from error
            _loaded[path] = SpeechModel(path, model)
        return _loaded[path]


def _folders(path: Path) -> tuple[Path, Path]:
    """Where a model of this layout (old ones are flat) has its acoustic model and its graph."""
    return (path, path) if (path / "final.mdl").is_file() else (path / "am", path / "graph")


def _check(path: Path) -> None:
    if not path.is_dir():
        raise _problem(path, "is not a folder")
    acoustic, graph = _folders(path)
    graph_names = ("HCLG.fst",) if (graph / "HCLG.fst").exists() else ("HCLr.fst", "Gr.fst")
    for file in (acoustic / "final.mdl", *(graph / name for name in graph_names)):
        if not file.is_file() or not file.stat().st_size:
            missing = file.relative_to(path)
            raise _problem(path, f"holds no complete Vosk model: {missing} is missing or empty")


def _problem(path: Path, message: str) -> SettingsError:
    return SettingsError(Problem(f"{path} {message}", _GET_ONE, field="VOSK_MODEL_PATH"))
