"""Lives as long as the FreeSWITCH process, as minibot_fs.entry does."""

import json
import os
from pathlib import Path

import numpy as np

import freeswitch
from minibot_fs.config import load_settings
from minibot_fs.entry import Entry
from minibot_fs.hearing.recognizer import FinalText, PartialText
from minibot_fs.process import Process

SCRIPT = Path(os.environ["MINIBOT_TEST_FOLDER"]) / "script.json"
LOUD = 500
GREETING = "allô"
LEAST_LOUD, LONGEST_GREETING_LOUD = 500, 3000
"""Samples."""


class WordsInOrder:
    """Knows what a caller says, utterance after utterance, but not when; a short one is a greeting."""

    def __init__(self):
        self._words = json.loads(SCRIPT.read_text())
        self._loud = 0
        self._results = []

    def accept(self, pcm):
        before = self._loud
        self._loud += int((np.abs(np.frombuffer(pcm, np.int16)) > LOUD).sum())
        if before <= LONGEST_GREETING_LOUD < self._loud and self._words:
            self._results.append(PartialText(self._words[0]))

    def poll(self):
        results, self._results = self._results, []
        return results

    def finish(self):
        if self._loud > LONGEST_GREETING_LOUD:
            said = self._words.pop(0) if self._words else ""
        else:
            said = GREETING if self._loud > LEAST_LOUD else ""
        self._loud = 0
        self._results.append(FinalText(said, 0.95 if said else 0.0))

    def reset(self):
        self._loud = 0

    def expect(self, phrases):
        pass

    def close(self):
        pass


ENTRY = Entry(lambda: Process(load_settings(), freeswitch, lambda _clock: WordsInOrder()))
