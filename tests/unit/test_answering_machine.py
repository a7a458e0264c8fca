"""Answering machine detection, on voice activity and transcripts told frame by frame."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from minibot_fs.errors import SettingsError
from minibot_fs.hearing.answering_machine import (
    AmdEvent,
    AmdMethod,
    AmdSettings,
    AnsweringMachineDetector,
)
from minibot_fs.hearing.events import AmdClass, AmdResult, BeepHeard, MachineDecided
from minibot_fs.hearing.frames import FRAME_MS, SILENT_FRAME
from minibot_fs.hearing.greeting_phrases import GreetingPhrases
from minibot_fs.hearing.levels import frame_level_dbfs

PHRASES = GreetingPhrases.load("fr", "en")
ANY_METHOD = list(AmdMethod)


BEFORE_MS = 200


class Line:
    """Plays a call to a detector, beginning with 200 ms of silence, and keeps its events."""

    def __init__(self, settings: AmdSettings | None = None, before_ms: int = BEFORE_MS) -> None:
        self.detector = AnsweringMachineDetector(settings or AmdSettings(), PHRASES)
        self.events: list[AmdEvent] = []
        self.silence(before_ms)

    def speech(self, ms: int) -> Line:
        """Voice in syllables: one frame of five is quiet."""
        for number in range(ms // FRAME_MS):
            self.events += self.detector.on_frame(SILENT_FRAME, True, -50.0 if number % 5 == 2 else -20.0)
        return self

    def murmur(self, ms: int, level_dbfs: float) -> Line:
        """What voice activity takes for voice although it never changes its level."""
        for _ in range(ms // FRAME_MS):
            self.events += self.detector.on_frame(SILENT_FRAME, True, level_dbfs)
        return self

    def silence(self, ms: int) -> Line:
        for _ in range(ms // FRAME_MS):
            self.events += self.detector.on_frame(SILENT_FRAME, False, -96.0)
        return self

    def tone(self, ms: int, pitch_hz: float) -> Line:
        """A tone, which voice activity takes for voice."""
        audio = 8000 * np.sin(2 * np.pi * pitch_hz * np.arange(ms * 8) / 8000.0)
        pcm = audio.astype("<i2").tobytes()
        for start in range(0, len(pcm), 320):
            frame = pcm[start : start + 320]
            self.events += self.detector.on_frame(frame, True, frame_level_dbfs(frame))
        return self

    def hears(self, text: str, final: bool = False) -> Line:
        self.events += self.detector.on_partial(text, final)
        return self

    @property
    def verdicts(self) -> list[MachineDecided]:
        return [event for event in self.events if isinstance(event, MachineDecided)]

    @property
    def beeps(self) -> list[BeepHeard]:
        return [event for event in self.events if isinstance(event, BeepHeard)]


@pytest.mark.parametrize("method", ANY_METHOD)
def test_a_word_and_silence_are_a_person_within_a_second_and_a_half(method: AmdMethod) -> None:
    line = Line(AmdSettings(method=method)).speech(400).silence(2000)
    (verdict,) = line.verdicts
    assert verdict.result is AmdResult.HUMAN
    assert verdict.amd_class is AmdClass.HUMAN
    assert verdict.at_ms <= BEFORE_MS + 1500


@pytest.mark.parametrize("method", [AmdMethod.ENERGY, AmdMethod.SILENCE, AmdMethod.COMBINED])
def test_a_long_greeting_is_a_machine_without_any_transcript(method: AmdMethod) -> None:
    line = Line(AmdSettings(method=method)).speech(4500)
    assert [verdict.result for verdict in line.verdicts] == [AmdResult.MACHINE]
    assert line.verdicts[0].at_ms <= BEFORE_MS + 4200


def test_words_alone_say_nothing_of_length() -> None:
    line = Line(AmdSettings(method=AmdMethod.WORDS)).speech(5500)
    assert line.verdicts[0].result is AmdResult.HUMAN
    assert line.verdicts[0].reason == "total analysis time"


@pytest.mark.parametrize("method", ANY_METHOD)
def test_silence_is_unknown_and_never_a_machine(method: AmdMethod) -> None:
    line = Line(AmdSettings(method=method)).silence(15_000)
    (verdict,) = line.verdicts
    assert (verdict.result, verdict.amd_class) == (AmdResult.UNKNOWN, AmdClass.UNCERTAIN)
    assert verdict.at_ms == 10_000


@pytest.mark.parametrize("leading_ms", [0, 3000, 7000])
def test_the_clock_starts_with_the_first_speech(leading_ms: int) -> None:
    line = Line().silence(leading_ms).speech(600).silence(1000)
    assert line.verdicts[0].result is AmdResult.HUMAN
    assert line.verdicts[0].at_ms == BEFORE_MS + leading_ms + 600 + 500


def test_ring_back_on_the_line_is_not_speech() -> None:
    line = Line().tone(1500, 440.0).silence(3500).tone(1500, 440.0)
    assert line.verdicts == []
    line.silence(500).speech(500).silence(600)
    assert [verdict.result for verdict in line.verdicts] == [AmdResult.HUMAN]


def test_noise_that_voice_activity_takes_for_voice_is_nobody() -> None:
    line = Line(before_ms=0).murmur(9_000, -28.0).silence(1_000)
    assert [verdict.result for verdict in line.verdicts] == [AmdResult.UNKNOWN]


def test_a_person_is_heard_over_noise() -> None:
    line = Line().murmur(2_000, -32.0).speech(500).murmur(700, -32.0)
    assert [verdict.result for verdict in line.verdicts] == [AmdResult.HUMAN]


def test_a_machine_that_took_a_breath_gives_itself_away_by_talking_on() -> None:
    line = Line().speech(500).silence(600).speech(1500).silence(600).speech(1500)
    assert [verdict.result for verdict in line.verdicts] == [AmdResult.HUMAN, AmdResult.MACHINE]
    assert line.verdicts[-1].reason == "greeting went on"


def test_words_that_are_no_answer_are_waited_for_a_little_longer() -> None:
    assert Line().speech(500).hears("Marc Dupont").silence(1000).verdicts[0].at_ms == BEFORE_MS + 1300


def test_whoever_speaks_after_a_long_silence_is_judged_as_well() -> None:
    line = Line().silence(11_000).speech(4500)
    assert [verdict.result for verdict in line.verdicts] == [AmdResult.UNKNOWN, AmdResult.MACHINE]


def test_ringing_is_not_silence() -> None:
    line = Line().tone(1500, 440.0).silence(3500).tone(1500, 440.0).silence(3500).tone(1500, 440.0)
    assert line.verdicts == []


def test_a_click_is_no_word() -> None:
    assert Line().speech(60).silence(3000).verdicts == []


@pytest.mark.parametrize(
    ("text", "amd_class"),
    [
        ("bonjour vous êtes bien sur le répondeur de Marc", AmdClass.VOICEMAIL),
        ("Bonjour, je ne suis pas disponible pour l'instant", AmdClass.VOICEMAIL),
        ("laissez-moi un message après le bip", AmdClass.VOICEMAIL),
        ("you have reached the voicemail of John", AmdClass.VOICEMAIL),
        ("bienvenue pour le service commercial tapez un", AmdClass.IVR),
        ("tous nos conseillers sont en ligne", AmdClass.IVR),
        ("le numéro que vous demandez n'est pas attribué", AmdClass.UNAVAILABLE),
        ("the number you have dialed is not in service", AmdClass.UNAVAILABLE),
        ("indiquez votre nom et la raison de votre appel", AmdClass.SCREENING),
        ("bonjour je suis l'assistant Google", AmdClass.SCREENING),
        ("record your name and reason for calling", AmdClass.SCREENING),
    ],
)
def test_a_phrase_of_a_machine_decides_at_once_and_names_its_class(text: str, amd_class: AmdClass) -> None:
    line = Line().speech(1500).hears(text)
    (verdict,) = line.verdicts
    assert (verdict.result, verdict.amd_class) == (AmdResult.MACHINE, amd_class)
    assert verdict.reason.startswith("phrase: ")
    assert verdict.at_ms == BEFORE_MS + 1500


@pytest.mark.parametrize(
    "text",
    [
        "allô",
        "oui bonjour",
        "allô oui c'est qui",
        "boulangerie martin bonjour sophie à votre écoute",
        "oui allô attendez je vous entends très mal je suis en voiture",
        "bonjour cabinet du docteur petit que puis je faire pour vous",
        "hello who is this please",
    ],
)
def test_people_s_greetings_hold_no_phrase_of_a_machine(text: str) -> None:
    assert PHRASES.machine(text) is None
    line = Line().speech(1000).hears(text).silence(1000)
    assert [verdict.result for verdict in line.verdicts] == [AmdResult.HUMAN]


def test_a_person_who_waits_for_an_answer_is_answered_sooner() -> None:
    assert Line().speech(500).hears("allô").silence(1000).verdicts[0].at_ms == BEFORE_MS + 800
    assert Line().speech(500).silence(1000).verdicts[0].at_ms == BEFORE_MS + 1000


def test_a_greeting_that_may_go_on_is_waited_for() -> None:
    line = Line().speech(500).hears("bonjour").silence(800)
    assert line.verdicts == []
    line.speech(1500).hears("bonjour vous êtes bien sur la messagerie vocale")
    assert [verdict.result for verdict in line.verdicts] == [AmdResult.MACHINE]


def test_a_person_who_talks_a_lot_is_a_person_by_what_they_say() -> None:
    long_answer = "oui allô attendez je vous entends mal je suis en voiture voilà je me gare c'est bon"
    line = Line().speech(1200).hears("oui allô attendez").speech(3500).hears(long_answer).silence(1200)
    assert {verdict.result for verdict in line.verdicts} == {AmdResult.HUMAN}


def test_many_words_without_a_pause_are_a_machine_before_the_length_is() -> None:
    text = "nous sommes en congés du premier au quinze août pour toute urgence voyez le garde"
    line = Line().speech(3000).hears(text)
    assert line.verdicts[0].result is AmdResult.MACHINE
    assert line.verdicts[0].at_ms == BEFORE_MS + 3000


def test_the_beep_follows_the_greeting_with_its_pitch_and_length() -> None:
    line = Line().speech(4200).silence(300).tone(400, 1000.0).silence(500)
    (beep,) = line.beeps
    assert beep.frequency_hz == pytest.approx(1000.0, abs=3.0)
    assert beep.duration_ms == pytest.approx(400, abs=40)
    assert len(line.verdicts) == 1


def test_a_beep_after_a_short_greeting_is_a_machine() -> None:
    line = Line().speech(3000).silence(400).tone(400, 1000.0).silence(300)
    assert [(v.result, v.reason) for v in line.verdicts] == [(AmdResult.MACHINE, "beep")]
    assert len(line.beeps) == 1


def test_a_machine_found_late_corrects_the_verdict() -> None:
    line = Line().speech(500).silence(700).speech(1500)
    assert [verdict.result for verdict in line.verdicts] == [AmdResult.HUMAN]
    line.hears("bonjour laissez un message")
    assert [verdict.result for verdict in line.verdicts] == [AmdResult.HUMAN, AmdResult.MACHINE]
    assert line.detector.decided == line.verdicts[-1]


@pytest.mark.parametrize(
    "reply",
    ["je ne suis pas disponible", "vous pouvez laisser un message à mon mari", "je suis pas là en ce moment"],
)
def test_a_person_may_answer_our_prompt_in_a_machine_s_words(reply: str) -> None:
    line = Line().speech(500).hears("allô", final=True).silence(2500).speech(1500).hears(reply)
    assert [verdict.result for verdict in line.verdicts] == [AmdResult.HUMAN]


def test_a_tone_after_a_person_has_listened_is_no_voicemail_s_beep() -> None:
    line = Line().speech(500).silence(2500).tone(600, 440.0).silence(400)
    assert [verdict.result for verdict in line.verdicts] == [AmdResult.HUMAN]


def test_a_person_may_answer_our_prompt_at_length() -> None:
    line = Line().speech(500).silence(2200).speech(4500)
    assert [verdict.result for verdict in line.verdicts] == [AmdResult.HUMAN]


def test_a_class_found_later_corrects_the_class() -> None:
    line = Line().speech(4200).hears("indiquez votre nom et la raison de votre appel")
    assert [v.amd_class for v in line.verdicts] == [AmdClass.VOICEMAIL, AmdClass.SCREENING]


def test_special_information_tones_are_an_unreachable_number() -> None:
    line = Line().tone(340, 950.0).tone(340, 1400.0).tone(340, 1800.0).silence(200)
    assert [(v.result, v.amd_class) for v in line.verdicts] == [(AmdResult.MACHINE, AmdClass.UNAVAILABLE)]


def test_a_fax_is_a_machine() -> None:
    assert Line().silence(1000).tone(2600, 2100.0).verdicts[0].reason == "fax tone"


def test_a_phrase_may_begin_in_one_utterance_and_end_in_the_next() -> None:
    line = (
        Line().speech(800).hears("bonjour laissez", final=True).silence(400).speech(600).hears("un message")
    )
    assert line.verdicts[0].reason == "phrase: laissez un message"


def test_an_empty_transcript_changes_nothing() -> None:
    assert Line().speech(500).hears("  ").events == []


def test_the_settings_are_obeyed() -> None:
    slow = replace(AmdSettings(), human_silence_threshold_ms=900, greeting_ms=8000)
    assert Line(slow).speech(600).silence(2000).verdicts[0].at_ms == BEFORE_MS + 1500
    assert Line(slow).speech(4600).verdicts == []


def test_an_unknown_language_names_those_there_are() -> None:
    with pytest.raises(SettingsError, match="Known languages: en, fr"):
        GreetingPhrases.load("de")
