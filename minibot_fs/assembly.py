"""The composition root of calls: what all calls of a process share, and how one call is put together."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from minibot_fs.call import Call, CallPlan
from minibot_fs.config import AmdMethod, Settings
from minibot_fs.deep_threads import deep_threads
from minibot_fs.dialog.callback_time import callback_time
from minibot_fs.dialog.intent import IntentClassifier
from minibot_fs.dialog.objections import ObjectionMatcher, Theme, load_themes
from minibot_fs.dialog.phrase_classifier import PhraseClassifier
from minibot_fs.dialog.scenario import Scenario
from minibot_fs.dialog.scenario_file import find_scenario, load_scenario
from minibot_fs.dialog.walker import Walker
from minibot_fs.hearing import answering_machine as amd
from minibot_fs.hearing.greeting_phrases import GreetingPhrases
from minibot_fs.hearing.hearing_settings import EndpointingMode, HearingSettings
from minibot_fs.hearing.levels import levels_of_file
from minibot_fs.hearing.listener import Listener
from minibot_fs.hearing.recognizer import Recognizer
from minibot_fs.hearing.vad import WebRtcVad
from minibot_fs.language_model.budgeted import BudgetedClassifier
from minibot_fs.language_model.ollama import OllamaClassifier
from minibot_fs.line import Line, Observer
from minibot_fs.store.call_store import CallStore
from minibot_fs.switch.protocol import Switch

CLASSIFYING_THREADS = 8

levels_of = lru_cache(maxsize=512)(levels_of_file)


def hearing_settings(settings: Settings) -> HearingSettings:
    """The hearing chain's parameters from the variables of .env (s to ms)."""
    return HearingSettings(
        vad_aggressiveness=settings.vad_aggressiveness,
        speech_start_ms=_ms(settings.speech_start_threshold),
        endpointing_mode=EndpointingMode(settings.endpointing_mode.value),
        max_delay_ms=_ms(settings.silence_threshold),
        grace_period_ms=_ms(settings.barge_in_grace_period),
        min_duration_ms=_ms(settings.interruption_min_duration),
        false_interruption_timeout_ms=_ms(settings.false_interruption_timeout),
    )


def amd_settings(settings: Settings) -> amd.AmdSettings:
    """AMD's parameters; the switch's own tool, where none is loaded, is the combined method."""
    method = AmdMethod.COMBINED if settings.amd_method is AmdMethod.FREESWITCH else settings.amd_method
    return amd.AmdSettings(
        method=amd.AmdMethod(method.value),
        greeting_ms=settings.amd_max_greeting_ms,
        after_greeting_silence_ms=settings.amd_silence_threshold_ms,
        total_analysis_time_ms=settings.amd_total_analysis_time_ms,
    )


def sounds_root(settings: Settings, voice: str) -> Path:
    """Where a voice's prompts are played from: deployed ones first, else the recordings themselves."""
    deployed = settings.freeswitch_sounds_dir
    return deployed if (deployed / voice).is_dir() else settings.audio_dir


@dataclass(frozen=True)
class Conversation:
    """A scenario ready to be held, with the theme its objections come from."""

    scenario: Scenario
    theme: Theme | None
    sounds: Path


class Conversations:
    """Scenarios and themes, read once. ``reload`` takes up changed files; running calls keep theirs."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._themes: Mapping[str, Theme] = {}
        self._loaded: dict[str, Conversation] = {}
        self.reload()

    def reload(self) -> int:
        """Read the themes and every scenario in use again; all or nothing.

        Returns:
            How many scenarios were read.

        Raises:
            ScenarioError, ObjectionError: a file is wrong; what was loaded stays in use.
        """
        themes = load_themes([self._settings.objections_dir])
        with self._lock:
            names = list(self._loaded)
        loaded = {name: self._load(name, themes) for name in names}
        with self._lock:
            self._themes, self._loaded = themes, loaded
        return len(loaded)

    def named(self, name: str) -> Conversation:
        """The conversation of that name (or file).

        Raises:
            ScenarioError: there is none, or its file is wrong.
        """
        with self._lock:
            known, themes = self._loaded.get(name), self._themes
        if known is None:
            known = self._load(name, themes)
            with self._lock:
                self._loaded[name] = known
        return known

    def _load(self, name: str, themes: Mapping[str, Theme]) -> Conversation:
        file = find_scenario(name, self._settings.scenarios_dir)
        scenario = load_scenario(file, sounds_dir=None, themes=themes)
        sounds = sounds_root(self._settings, scenario.voice)
        scenario = load_scenario(file, sounds_dir=sounds, themes=themes)
        return Conversation(scenario, themes.get(scenario.theme) if scenario.theme else None, sounds)


class Assembly:
    """Puts calls together. One a process; everything in it is safe to share between calls.

    Args:
        classifier: of intents; ``None`` for the embedded one alone.
        executor: where a slow classifier works; ``None`` when ``classifier`` answers at once.
        opted_out: told number and call of a person who wants no more calls.
    """

    def __init__(
        self,
        settings: Settings,
        store: CallStore,
        *,
        opted_out: Callable[[str, str], None],
        classifier: IntentClassifier | None = None,
        executor: Executor | None = None,
    ) -> None:
        self.settings = settings
        self.conversations = Conversations(settings)
        self._store = store
        self._opted_out = opted_out
        self._phrases = embedded_classifier(settings)
        self._classifier = classifier or self._phrases
        self._executor = executor
        self._hearing = hearing_settings(settings)
        self._greetings = GreetingPhrases.load(settings.spoken_language)

    def call(
        self,
        switch: Switch,
        recognizer: Callable[[Callable[[], int]], Recognizer],
        plan: CallPlan,
        conversation: Conversation,
        *,
        observe: Observer | None = None,
    ) -> Call:
        """One call, ready to run.

        Args:
            recognizer: makes the call's recognizer, given the clock of the call's audio (ms).
            observe: told of every event of the call's hearing, as it comes; must not block.
        """
        settings = self.settings
        line_clock: list[Listener] = []
        listener = Listener(
            self._hearing,
            WebRtcVad(settings.vad_aggressiveness),
            recognizer(lambda: line_clock[0].at_ms),
            amd=amd.AnsweringMachineDetector(amd_settings(settings), self._greetings)
            if settings.amd_enabled
            else None,
            is_backchannel=self._phrases.is_backchannel,
            completeness=self._phrases.is_complete,
        )
        line_clock.append(listener)
        line = Line(
            switch,
            listener,
            levels_of,
            max_duration_ms=_ms(settings.max_call_duration),
            observe=observe,
        )
        matcher = (
            ObjectionMatcher(conversation.theme, settings.objection_min_score) if conversation.theme else None
        )
        return Call(
            plan,
            switch,
            line,
            Walker(conversation.scenario, matcher),
            self._classifier,
            self._store,
            sound=lambda audio_path: conversation.sounds / audio_path,
            callback_time=lambda words: callback_time(words, datetime.now(ZoneInfo("Europe/Paris"))),
            opted_out=self._opted_out,
            executor=self._executor,
            amd=settings.amd_enabled,
        )


def live_classifier(settings: Settings) -> tuple[IntentClassifier, Executor | None]:
    """The classifier of live calls, and where it works when it may be slow.

    With OLLAMA_ENABLED a second opinion is asked where the embedded classifier is unsure; the model is
    loaded in the background, and its absence costs a warning.
    """
    embedded = embedded_classifier(settings)
    if not settings.ollama_enabled:
        return embedded, None
    ollama = OllamaClassifier(
        settings.ollama_base_url,
        settings.ollama_model,
        settings.ollama_temperature,
        settings.ollama_max_tokens,
        settings.ollama_timeout,
    )
    threads = deep_threads(CLASSIFYING_THREADS, "classify")
    threads.submit(ollama.warm_up)
    return BudgetedClassifier(embedded, ollama, settings.intent_budget_ms), threads


def embedded_classifier(settings: Settings) -> PhraseClassifier:
    extra: Sequence[Path] = [settings.phrases_file] if settings.phrases_file else []
    return PhraseClassifier.from_files(settings.spoken_language, extra)


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
