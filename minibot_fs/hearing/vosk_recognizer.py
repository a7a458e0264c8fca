"""Vosk behind the Recognizer protocol: streaming, focused where phrases are expected.

The caller's side only queues; decoding runs in a lane of the pool.

Focused recognition hears the expected phrases with a small grammar and everything else as the
model's unknown word, or forces it into the grammar's words. So it is believed only as long as
what it hears is one of the expected phrases (said once or several times). When it stops being that, the
utterance so far is decoded again freely and the rest goes on freely: an unexpected sentence is
understood hardly later for it.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

from minibot_fs.hearing.decoding_pool import DecodingPool
from minibot_fs.hearing.frames import BYTES_PER_MS
from minibot_fs.hearing.recognizer import FinalText, PartialText
from minibot_fs.hearing.vosk_model import Decoder, SpeechModel

log = logging.getLogger(__name__)

_BATCH_BYTES = 100 * BYTES_PER_MS
"""Vosk's partials move every 240 ms; asking more often only costs time."""
_DOUBTS = 2
"""Batches in a row that fit no expected phrase before the focused decoder is given up."""
_SURE = 0.6
"""A focused result less confident than this is checked by free recognition."""


@dataclass(frozen=True)
class _Finish:
    pass


@dataclass(frozen=True)
class _Expect:
    phrases: tuple[str, ...]


class VoskRecognizer:
    """One call's recognizer. ``accept``, ``finish``, ... never block and never decode,
    unless the pool has no workers."""

    def __init__(self, model: SpeechModel, pool: DecodingPool) -> None:
        self._model = model
        self._lane = pool.lane(self._work)
        self._lock = threading.Lock()
        self._todo: list[bytes | _Finish | _Expect] = []
        self._waiting_bytes = 0
        self._generation = 0
        self._results: deque[tuple[int, PartialText | FinalText]] = deque()
        self._closed = False
        self._decoding = _Utterance(model, ())
        self._decoding_generation = 0

    def accept(self, pcm: bytes) -> None:
        with self._lock:
            self._todo.append(pcm)
            self._waiting_bytes += len(pcm)
            enough = self._waiting_bytes >= _BATCH_BYTES
        if enough:
            self._lane.wake()

    def poll(self) -> Sequence[PartialText | FinalText]:
        if not self._results:
            return ()
        with self._lock:
            arrived = [result for generation, result in self._results if generation == self._generation]
            self._results.clear()
        return arrived

    def finish(self) -> None:
        self._queue(_Finish())

    def reset(self) -> None:
        with self._lock:
            self._generation += 1
            self._todo = [job for job in self._todo if isinstance(job, _Expect)]
            self._waiting_bytes = 0
            self._results.clear()
        self._lane.wake()

    def expect(self, phrases: Sequence[str] | None) -> None:
        self._queue(_Expect(tuple(phrases or ())))

    def close(self) -> None:
        self._closed = True
        self.reset()

    def _queue(self, job: _Finish | _Expect) -> None:
        with self._lock:
            self._todo.append(job)
        self._lane.wake()

    # ------------------------------------------------------------------ in the pool's thread

    def _work(self) -> None:
        with self._lock:
            todo, self._todo = self._todo, []
            self._waiting_bytes = 0
            generation = self._generation
        if generation != self._decoding_generation or self._closed:
            self._decoding_generation = generation
            self._decoding.drop()
        audio: list[bytes] = []
        for job in todo:
            if isinstance(job, bytes):
                audio.append(job)
                continue
            self._decode(b"".join(audio))
            audio.clear()
            if isinstance(job, _Expect):
                self._decoding.expected = job.phrases
            else:
                self._finish()
        self._decode(b"".join(audio))

    def _decode(self, pcm: bytes) -> None:
        if not pcm or self._closed:
            return
        try:
            text = self._decoding.decode(pcm)
        except Exception:
            log.exception("an utterance could not be decoded")
            self._decoding.discard()
            return
        if text is not None:
            self._results.append((self._decoding_generation, PartialText(text)))

    def _finish(self) -> None:
        final = FinalText("", 0.0)
        try:
            final = self._decoding.finish()
        except Exception:
            log.exception("an utterance could not be decoded")
            self._decoding.discard()
        self._results.append((self._decoding_generation, final))


def is_expected(text: str, phrases: Sequence[str], *, whole: bool) -> bool:
    """Whether the text is one of the phrases, once or repeated; its beginning will do if not ``whole``."""
    words = text.split()
    for phrase in phrases:
        once = phrase.split()
        times, begun = divmod(len(words), len(once))
        if words == (once * (times + 1))[: len(words)] and not (whole and begun):
            return True
    return not words


def words_of(text: str) -> str:
    """The text without what models write for noises and unknown words: ``[unk]``, ``<UNK>``, ``[4]``."""
    return " ".join(word for word in text.split() if word[0] not in "[<")


class _Utterance:
    """What is being decoded, utterance after utterance; ``expected`` counts from the next one on."""

    def __init__(self, model: SpeechModel, expected: tuple[str, ...]) -> None:
        self._model = model
        self.expected = expected
        self._decoder: Decoder | None = None
        self._focused = False
        self._phrases: tuple[str, ...] = ()
        self._doubts = 0
        self._heard = bytearray()
        self._partial = ""

    def decode(self, pcm: bytes) -> str | None:
        """The transcript so far if it has changed."""
        decoder = self._decoder or self._start()
        decoder.accept(pcm)
        text = decoder.partial()
        if self._focused:
            self._heard += pcm
            self._doubts = 0 if is_expected(text, self._phrases, whole=False) else self._doubts + 1
            if self._doubts == _DOUBTS:
                text = self._go_on_freely().partial()
        text = words_of(text)
        if text == self._partial:
            return None
        self._partial = text
        return text

    def finish(self) -> FinalText:
        if self._decoder is None:
            return FinalText("", 0.0)
        final = self._decoder.finish()
        expected = is_expected(final.text, self._phrases, whole=True) and final.confidence >= _SURE
        if self._focused and final.text and not expected:
            final = self._go_on_freely().finish()
        self.drop()
        return replace(final, text=words_of(final.text))

    def drop(self) -> None:
        """The utterance is over; a free decoder goes back to the model for the next one."""
        if self._decoder is not None and not self._focused:
            self._model.give_back(self._decoder)
        self.discard()

    def discard(self) -> None:
        """The utterance is over and its decoder not to be trusted any more."""
        self._decoder = None
        self._heard.clear()
        self._partial, self._focused = "", False

    def _start(self) -> Decoder:
        decoder = self._model.focused(self.expected) if self.expected else None
        self._focused, self._phrases, self._doubts = decoder is not None, self.expected, 0
        self._decoder = decoder or self._model.borrow_free()
        return self._decoder

    def _go_on_freely(self) -> Decoder:
        self._decoder, self._focused = self._model.borrow_free(), False
        self._decoder.accept(bytes(self._heard))
        self._heard.clear()
        return self._decoder
