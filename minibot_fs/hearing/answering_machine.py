"""Who answered: a person, a voicemail, a menu, an unreachable number, a telephone that screens calls?

People come first: what cannot be told is a person, and silence is UNKNOWN, never a machine. The clock
starts with the first speech, because carriers send 3-7 s of silence after the answer and some send
ring-back through it (a tone is not speech). ::

             no speech for no_speech_threshold
    WAITING -----------------------------------> UNKNOWN
       |  |  SIT, busy, fax                         |
       |  '----------------> MACHINE                | first word
       | first word            ^  ^                 |
       v                       |  |                 |
    GREETING <-----------------+--+-----------------'
       |   phrase, many words, |  |
       |   length, tone, beep  |  |
       |-----------------------'  | beep or tone within correction_ms;
       |                          | phrase or much more speech before a silence
       '----------------------> HUMAN
           short, then silence;
           total_analysis_time undecided

In MACHINE the detector goes on listening for the beep, after which a message may be left.

The methods: ENERGY is Asterisk's app_amd on the level of the line; SILENCE the same on voice activity,
with a shorter wait after a short greeting; WORDS the transcript alone; COMBINED everything, tones too.
Parameters have Asterisk's names where it has them; human_* are livekit's. Cost: 41 us a frame, nothing once a
person can no longer prove to be a machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from minibot_fs.hearing.events import AmdClass, AmdResult, BeepHeard, MachineDecided
from minibot_fs.hearing.greeting_phrases import GreetingPhrases
from minibot_fs.hearing.greeting_timing import GreetingTiming
from minibot_fs.hearing.speech_level import SpeechLevel
from minibot_fs.hearing.tones import Tone, ToneDetector, ToneKind


class AmdMethod(StrEnum):
    """Ours; ``freeswitch`` in .env stands for a tool of the switch, COMBINED where none is loaded."""

    ENERGY = "energy"
    SILENCE = "silence"
    WORDS = "words"
    COMBINED = "combined"


@dataclass(frozen=True)
class AmdSettings:
    method: AmdMethod = AmdMethod.COMBINED
    no_speech_threshold_ms: int = 10_000
    """Nobody spoke for this long after the answer or the last ring: UNKNOWN (Asterisk's initial_silence)."""
    greeting_ms: int = 4000
    """AMD_MAX_GREETING_MS: a longer greeting is a machine's."""
    after_greeting_silence_ms: int = 1000
    """AMD_SILENCE_THRESHOLD_MS: silence that ends a greeting."""
    total_analysis_time_ms: int = 5000
    """Undecided for this long after the first speech: a person."""
    minimum_word_length_ms: int = 100
    between_words_silence_ms: int = 50
    maximum_number_of_words: int = 10
    """More words than these without a pause are a machine's; Asterisk's 2-3 call four words a machine."""
    silence_threshold_dbfs: float = -42.0
    """ENERGY only: quieter is silence. Asterisk's 256 of 32768."""
    human_speech_threshold_ms: int = 2500
    """A greeting no longer than this is short."""
    human_silence_threshold_ms: int = 500
    """Silence that makes a short greeting a person's."""
    human_answer_silence_ms: int = 300
    """The same after words that wait for an answer ("allô")."""
    human_other_words_silence_ms: int = 800
    """The same after words that do not: a recording takes a breath after its name."""
    correction_ms: int = 12_000
    """For this long after its first speech a person may still prove to be a machine."""


class AmdState(StrEnum):
    WAITING = "waiting"
    GREETING = "greeting"
    HUMAN = "human"
    MACHINE = "machine"
    UNKNOWN = "unknown"


AmdEvent = MachineDecided | BeepHeard

_BEEP_KINDS: Final = (ToneKind.BEEP, ToneKind.RINGING, ToneKind.FAX_CNG)
_UNREACHABLE: Final = {
    ToneKind.SIT: "special information tone",
    ToneKind.FAX_CED: "fax tone",
    ToneKind.BUSY: "busy tone",
}
_WENT_ON_SHARE: Final = 0.75
"""Voice in all, as a share of greeting_ms, within twice greeting_ms: nobody who said "allo" goes on like
that while our prompt plays. Tuned on the dev split of benchmarks/hearing (0.65-0.85 give the same)."""
_LISTENS_MS: Final = 1500
"""Silence of somebody who listens to our prompt: "je ne suis pas disponible" after it answers us."""
_GOING_ON_MS: Final = 300
"""A syllable or a breath after the last voice, its level may fade."""


class AnsweringMachineDetector:
    """One call's detector: frames and the transcript in, verdicts and the beep out.

    A :class:`MachineDecided` comes once; a second one corrects it when somebody speaks after an UNKNOWN
    verdict, when a machine is found after HUMAN, or when its words show another class of machine.
    """

    def __init__(self, settings: AmdSettings, phrases: GreetingPhrases) -> None:
        self._settings = settings
        self._phrases = phrases
        self._tones = ToneDetector()
        self._level = SpeechLevel()
        self._timing = GreetingTiming(settings.minimum_word_length_ms, settings.between_words_silence_ms)
        self._state = AmdState.WAITING
        self._tone_ms = 0  # when the last tone was on the line
        self._said = ""  # by the utterances that are over
        self._human_mark = False
        self._heard = False
        self._greeting_over = False
        self._human_answer = False
        self._may_go_on = False
        self._decided: MachineDecided | None = None

    @property
    def decided(self) -> MachineDecided | None:
        """The verdict that holds now."""
        return self._decided

    @property
    def state(self) -> AmdState:
        return self._state

    @property
    def quiet_ms(self) -> int:
        """Since the last word: a greeting without a beep has ended when this is long."""
        return self._timing.quiet_ms

    def on_frame(self, frame: bytes, voiced: bool, level_dbfs: float) -> list[AmdEvent]:
        """Take the next 20 ms with its level and whether voice activity finds voice in it."""
        if self._state is AmdState.HUMAN and not self._still_open():
            return []
        tones = self._tones.on_frame(frame, level_dbfs)
        if self._settings.method is AmdMethod.ENERGY:
            speech = level_dbfs > self._settings.silence_threshold_dbfs
        else:
            going_on = self._timing.started_ms is not None and self._timing.quiet_ms < _GOING_ON_MS
            speech = self._level.is_speaker(level_dbfs, going_on) and voiced
        self._timing.on_frame(speech and not self._tones.sounding)
        if self._tones.sounding:
            self._tone_ms = self._timing.at_ms
        events = [event for tone in tones for event in self._on_tone(tone)]
        match self._state:
            case AmdState.WAITING | AmdState.UNKNOWN:
                events += self._wait()
            case AmdState.GREETING:
                events += self._judge_greeting()
            case AmdState.HUMAN:
                events += self._judge_what_followed()
            case AmdState.MACHINE:
                pass
        return events

    def on_partial(self, text: str, final: bool = False) -> list[AmdEvent]:
        """Take the transcript of the running utterance so far; ``final`` when the utterance is over."""
        if self._settings.method not in (AmdMethod.WORDS, AmdMethod.COMBINED) or not text.strip():
            return []
        text = f"{self._said} {text}".strip()
        self._heard = True
        if final:
            self._said = text
        if self._state is AmdState.HUMAN and self._greeting_over:
            return []
        self._human_mark = self._phrases.has_human_mark(text)
        self._human_answer = self._phrases.is_human_answer(text)
        self._may_go_on = self._phrases.may_go_on(text)
        match = self._phrases.machine(text)
        if match is not None and self._still_open():
            return self._machine(match.amd_class, f"phrase: {match.words}", 0.97)
        if (
            self._state is AmdState.GREETING
            and not self._human_mark
            and self._too_many_words(len(text.split()))
        ):
            return self._machine(AmdClass.VOICEMAIL, "many words", 0.75)
        return []

    # ------------------------------------------------------------------ one function a state

    def _wait(self) -> list[AmdEvent]:
        if self._timing.started_ms is not None:
            self._state = AmdState.GREETING
            return self._judge_greeting()
        nothing_ms = self._timing.at_ms - self._tone_ms
        if self._state is AmdState.WAITING and nothing_ms >= self._settings.no_speech_threshold_ms:
            return self._decide(AmdState.UNKNOWN, AmdResult.UNKNOWN, AmdClass.UNCERTAIN, "no speech", 0.5)
        return []

    def _judge_greeting(self) -> list[AmdEvent]:
        settings, timing = self._settings, self._timing
        if settings.method is not AmdMethod.WORDS:
            if timing.span_ms > settings.greeting_ms and not self._human_mark:
                return self._machine(AmdClass.VOICEMAIL, "long greeting", 0.85)
            if settings.method is AmdMethod.ENERGY and self._too_many_words(timing.words):
                return self._machine(AmdClass.VOICEMAIL, "many words", 0.6)
        if timing.quiet_ms >= self._silence_of_a_person_ms():
            short = timing.span_ms <= settings.human_speech_threshold_ms
            return self._human("short greeting" if short else "greeting ended", 0.9 if short else 0.7)
        if self._since_first_speech_ms() >= settings.total_analysis_time_ms:
            return self._human("total analysis time", 0.5)
        return []

    def _judge_what_followed(self) -> list[AmdEvent]:
        """A recording takes a breath after "bonjour" and then talks on over our prompt; a person listens."""
        if self._timing.quiet_ms >= _LISTENS_MS:
            self._greeting_over = True
        if self._greeting_over or self._settings.method in (AmdMethod.ENERGY, AmdMethod.WORDS):
            return []
        much = self._timing.voiced_ms > _WENT_ON_SHARE * self._settings.greeting_ms
        in_time = self._since_first_speech_ms() <= 2 * self._settings.greeting_ms
        if much and in_time and not self._human_mark:
            return self._machine(AmdClass.VOICEMAIL, "greeting went on", 0.7)
        return []

    def _on_tone(self, tone: Tone) -> list[AmdEvent]:
        if self._settings.method is not AmdMethod.COMBINED and self._state is not AmdState.MACHINE:
            return []
        if tone.kind in _UNREACHABLE:
            hung_up = tone.kind is ToneKind.BUSY and self._state is AmdState.HUMAN
            if self._still_open() and not hung_up:
                return self._machine(AmdClass.UNAVAILABLE, _UNREACHABLE[tone.kind], 0.99)
            return []
        if tone.kind not in _BEEP_KINDS or self._timing.started_ms is None:
            return []  # before the first word it is ring-back
        events: list[AmdEvent] = []
        certain = tone.duration_ms >= 200 or tone.frequency_hz >= 600.0  # a held vowel is neither
        if self._greeting_over and 380.0 <= tone.frequency_hz <= 500.0:
            certain = False  # ring-back or busy in noise, in the middle of which "speech" was heard
        if self._state is not AmdState.MACHINE and certain and self._still_open():
            events += self._machine(AmdClass.VOICEMAIL, "beep", 0.95)
        if self._state is AmdState.MACHINE:
            events.append(BeepHeard(self._timing.at_ms, tone.frequency_hz, tone.duration_ms))
        return events

    # ---------------------------------------------------------------------------- measures

    def _silence_of_a_person_ms(self) -> int:
        settings = self._settings
        if settings.method in (AmdMethod.ENERGY, AmdMethod.WORDS) and not self._human_answer:
            return settings.after_greeting_silence_ms
        if self._human_answer:
            return settings.human_answer_silence_ms
        if self._may_go_on or self._timing.span_ms > settings.human_speech_threshold_ms:
            return settings.after_greeting_silence_ms
        return settings.human_other_words_silence_ms if self._heard else settings.human_silence_threshold_ms

    def _too_many_words(self, words: int) -> bool:
        return words > self._settings.maximum_number_of_words

    def _since_first_speech_ms(self) -> int:
        started_ms = self._timing.started_ms
        return 0 if started_ms is None else self._timing.at_ms - started_ms

    def _still_open(self) -> bool:
        """Undecided, or a verdict that may still be corrected."""
        undecided = self._state in (AmdState.WAITING, AmdState.GREETING)
        return undecided or self._since_first_speech_ms() <= self._settings.correction_ms

    # ---------------------------------------------------------------------------- verdicts

    def _human(self, reason: str, confidence: float) -> list[AmdEvent]:
        return self._decide(AmdState.HUMAN, AmdResult.HUMAN, AmdClass.HUMAN, reason, confidence)

    def _machine(self, amd_class: AmdClass, reason: str, confidence: float) -> list[AmdEvent]:
        if self._decided is not None and self._decided.amd_class is amd_class:
            return []
        return self._decide(AmdState.MACHINE, AmdResult.MACHINE, amd_class, reason, confidence)

    def _decide(
        self, state: AmdState, result: AmdResult, amd_class: AmdClass, reason: str, confidence: float
    ) -> list[AmdEvent]:
        self._state = state
        self._decided = MachineDecided(self._timing.at_ms, result, amd_class, reason, confidence)
        return [self._decided]
