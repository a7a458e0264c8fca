"""Ollama as an IntentClassifier: a language model's second opinion on what a caller meant.

The model answers in JSON held to a schema (https://docs.ollama.com/capabilities/structured-outputs). A call
must never wait for it nor fail because of it: every failure is an Understanding with confidence 0.0 and its
reason. A circuit breaker and a retry budget keep a slow or dead server from being asked again and again.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import requests

from minibot_fs.dialog.intent import Intent, Understanding

log = logging.getLogger(__name__)

# How long Ollama keeps the model in memory after a question: longer than the pause between two calls.
_KEEP_ALIVE = "30m"
_CONNECT_TIMEOUT_S = 0.5
# The breaker opens after so many failures in a row and lets one question through after the pause.
_FAILURES_TO_OPEN = 3
_OPEN_FOR_S = 30.0
# One retry is earned by so many successes; as many may be saved up.
_RETRY_PER_SUCCESS = 0.2
_RETRIES_SAVED = 2.0
# A model that answers without a usable confidence is believed this much.
_USUAL_CONFIDENCE = 0.7

MEANINGS = {
    Intent.AFFIRM: "agrees, accepts, confirms, wants to hear more",
    Intent.DENY: "refuses or says no without a reason",
    Intent.QUESTION: "asks something",
    Intent.OBJECTION: "gives a reason against: price, time, trust, need, risk, partner, has to think",
    Intent.OPT_OUT: "wants never to be called again, or off the list",
    Intent.CALLBACK: "wants to be called at another time, or cannot talk now",
    Intent.WRONG_PERSON: "is not the person called, or it is a wrong number",
    Intent.ALREADY_CUSTOMER: "is a customer of the calling company already",
    Intent.TRANSFER: "wants to talk to a human",
    Intent.VOICEMAIL: "is the greeting of an answering machine",
    Intent.NOT_UNDERSTOOD: "none of these, or nothing that makes sense",
}
_INSTRUCTION = (
    "You classify what a person called on the telephone answers to a sales or appointment question. The text "
    "comes from a speech recognizer, without punctuation, and some words may be misheard. Speakers correct "
    "themselves: what they say last counts. Answer with one intent and your confidence from 0 to 1.\n"
    + "\n".join(f"{intent.value}: {meaning}" for intent, meaning in MEANINGS.items())
)
_SCHEMA = {
    "type": "object",
    "properties": {
        "intent": {"type": "string", "enum": [intent.value for intent in MEANINGS]},
        "confidence": {"type": "number"},
    },
    "required": ["intent", "confidence"],
}


class _Unusable(Exception):
    """The server answered, but not with an intent."""


class OllamaClassifier:
    """Asks a model on an Ollama server. Safe to share between threads.

    Args:
        base_url: as in ``http://localhost:11434``.
        timeout_s: longest wait for one answer; the breaker counts a longer one as a failure.
        clock: seconds that only go forward.
    """

    def __init__(
        self,
        base_url: str,
        model: str,
        temperature: float,
        max_tokens: int,
        timeout_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = base_url.rstrip("/")
        self._model = model
        self._options = {"temperature": temperature, "num_predict": max_tokens}
        self._timeout = (min(_CONNECT_TIMEOUT_S, timeout_s), timeout_s)
        self._breaker = CircuitBreaker(clock)
        self._retries = _RetryBudget()
        self._session = requests.Session()
        # a proxy of the environment is none of a local server's business
        self._session.trust_env = False

    def warm_up(self) -> bool:
        """Whether the model is there; loads it into the server's memory. Takes as long as loading takes.

        What is wrong is said in one warning, and then the breaker keeps the server from being asked.
        """
        try:
            models = self._get("/api/tags")["models"]
            names = {str(entry["name"]) for entry in models}
            if not names & {self._model, f"{self._model}:latest"}:
                log.warning("Ollama has no model %s: try 'ollama pull %s'", self._model, self._model)
                self._breaker.open()
                return False
            # without messages Ollama only loads the model
            self._post({"model": self._model, "messages": [], "stream": False, "keep_alive": _KEEP_ALIVE})
        except (requests.RequestException, ValueError, KeyError, TypeError) as error:
            log.warning("Ollama at %s cannot be used, going on without: %s", self._url, _reason(error))
            self._breaker.open()
            return False
        return True

    def classify(self, text: str) -> Understanding:
        """The model's opinion; ``not_understood`` with confidence 0.0 and the reason where there is none."""
        if not text.strip():
            return Understanding(Intent.SILENCE, 1.0, "nothing was said")
        if not self._breaker.allows():
            return _no_opinion("Ollama is left alone after failures")
        while True:
            try:
                understanding = self._ask(text)
            except (requests.RequestException, _Unusable) as error:
                if not isinstance(error, requests.Timeout) and self._retries.take():
                    continue
                if self._breaker.failed():
                    log.warning("Ollama failed %d times in a row: %s", _FAILURES_TO_OPEN, _reason(error))
                return _no_opinion(_reason(error))
            self._breaker.succeeded()
            self._retries.earn()
            return understanding

    def _ask(self, text: str) -> Understanding:
        answer = self._post(
            {
                "model": self._model,
                "messages": [
                    {"role": "system", "content": _INSTRUCTION},
                    {"role": "user", "content": text},
                ],
                "format": _SCHEMA,
                "stream": False,
                "keep_alive": _KEEP_ALIVE,
                "options": self._options,
            }
        )
        try:
            said = json.loads(answer["message"]["content"])
            intent = Intent(said["intent"])
        except (KeyError, TypeError, ValueError) as error:
            raise _Unusable(f"the model's answer is not an intent: {error}") from error
        if intent not in MEANINGS:
            raise _Unusable(f"the model's answer {intent.value!r} is not one it may give")
        return Understanding(
            intent, _confidence(said.get("confidence")), f"{self._model} says {intent.value}"
        )

    def _get(self, path: str) -> Any:
        response = self._session.get(self._url + path, timeout=self._timeout)
        response.raise_for_status()
        return response.json()

    def _post(self, body: dict[str, Any]) -> Any:
        response = self._session.post(f"{self._url}/api/chat", json=body, timeout=self._timeout)
        response.raise_for_status()
        try:
            return response.json()
        except requests.JSONDecodeError as error:
            raise _Unusable("the server's answer is not JSON") from error


def _confidence(said: object) -> float:
    if isinstance(said, int | float) and not isinstance(said, bool) and 0.0 <= said <= 1.0:
        return float(said)
    return _USUAL_CONFIDENCE


def _no_opinion(reason: str) -> Understanding:
    return Understanding(Intent.NOT_UNDERSTOOD, 0.0, reason)


def _reason(error: Exception) -> str:
    match error:
        case requests.Timeout():
            return "it does not answer in time"
        case requests.HTTPError() if error.response is not None:
            return f"it answers {error.response.status_code} {error.response.text[:200]}"
        case requests.ConnectionError():
            return "nothing listens there"
        case _:
            return str(error)


class CircuitBreaker:
    """Closed while questions are answered; open for a while after failures; then one question may try.

    closed -_FAILURES_TO_OPEN failures-> open -_OPEN_FOR_S-> trying -answer-> closed, -failure-> open
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._opened_at: float | None = None
        self._trying = False

    def allows(self) -> bool:
        """Whether a question may be asked; every True is followed by ``succeeded`` or ``failed``."""
        with self._lock:
            if self._opened_at is None:
                return True
            if self._trying or self._clock() - self._opened_at < _OPEN_FOR_S:
                return False
            self._trying = True
            return True

    def succeeded(self) -> None:
        with self._lock:
            self._failures, self._opened_at, self._trying = 0, None, False

    def failed(self) -> bool:
        """Count a failure; whether it opened a closed breaker."""
        with self._lock:
            self._failures += 1
            opens = self._opened_at is None and self._failures >= _FAILURES_TO_OPEN
            if opens or self._trying:
                self._opened_at, self._trying = self._clock(), False
            return opens

    def open(self) -> None:
        with self._lock:
            self._opened_at, self._trying = self._clock(), False


class _RetryBudget:
    """Retries are earned by successes: a failing server is asked hardly more often than a healthy one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._saved = 1.0

    def earn(self) -> None:
        with self._lock:
            self._saved = min(_RETRIES_SAVED, self._saved + _RETRY_PER_SUCCESS)

    def take(self) -> bool:
        with self._lock:
            if self._saved < 1.0:
                return False
            self._saved -= 1.0
            return True
