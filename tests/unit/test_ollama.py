"""Ollama as a second opinion, against a local server that speaks its API: healthy, slow, wrong, dead."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from minibot_fs.dialog.intent import Intent, Understanding
from minibot_fs.language_model.budgeted import BudgetedClassifier
from minibot_fs.language_model.ollama import OllamaClassifier

MODEL = "mistral:7b"
UNSURE = Understanding(Intent.DENY, 0.2, "a guess", "demain")


class FakeOllama(ThreadingHTTPServer):
    """Answers /api/tags and /api/chat as Ollama does; ``content`` is what its model says."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.content = json.dumps({"intent": "objection", "confidence": 0.9})
        self.status = 200
        self.raw: bytes | None = None
        self.go_on = threading.Event()
        self.go_on.set()
        self.asked: list[dict[str, Any]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: FakeOllama

    def do_GET(self) -> None:
        self._answer({"models": [{"name": MODEL, "model": MODEL, "size": 4_113_301_824}]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(body)
        self.server.go_on.wait(20)
        message = {"role": "assistant", "content": self.server.content}
        self._answer({"model": body["model"], "message": message, "done": True, "done_reason": "stop"})

    def _answer(self, body: dict[str, Any]) -> None:
        data = self.server.raw if self.server.raw is not None else json.dumps(body).encode()
        try:
            self.send_response(self.server.status)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
        except ConnectionError:
            return

    def log_message(self, format: str, *args: object) -> None:
        return


@contextmanager
def _running() -> Iterator[FakeOllama]:
    server = FakeOllama()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.go_on.set()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def server() -> Iterator[FakeOllama]:
    with _running() as server:
        yield server


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Fixed:
    """A classifier that always answers the same."""

    def __init__(self, answer: Understanding) -> None:
        self.answer = answer

    def classify(self, text: str) -> Understanding:
        return self.answer


def ollama(url: str, timeout_s: float = 5.0, clock: Clock | None = None) -> OllamaClassifier:
    return OllamaClassifier(url, MODEL, 0.7, 150, timeout_s, clock or Clock())


def test_it_asks_as_the_api_wants_it(server: FakeOllama) -> None:
    understood = ollama(server.url + "/").classify("c'est un peu cher quand même")
    assert (understood.intent, understood.confidence) == (Intent.OBJECTION, 0.9)
    [asked] = server.asked
    assert asked["model"] == MODEL
    assert asked["stream"] is False
    assert asked["keep_alive"]
    assert asked["options"] == {"temperature": 0.7, "num_predict": 150}
    assert "opt_out" in asked["format"]["properties"]["intent"]["enum"]
    assert asked["messages"][-1] == {"role": "user", "content": "c'est un peu cher quand même"}


def test_warming_up_loads_the_model_without_a_question(server: FakeOllama) -> None:
    assert ollama(server.url).warm_up()
    assert [asked["messages"] for asked in server.asked] == [[]]


def test_a_model_that_is_not_there_is_one_warning_with_its_remedy(
    server: FakeOllama, caplog: pytest.LogCaptureFixture
) -> None:
    classifier = OllamaClassifier(server.url, "phi3", 0.7, 150, 5.0)
    assert not classifier.warm_up()
    assert "ollama pull phi3" in caplog.text
    assert classifier.classify("oui").confidence == 0.0
    assert server.asked == []


@pytest.mark.parametrize(
    "content",
    [
        "not JSON",
        '{"intent": "objec',
        '{"intent": "maybe", "confidence": 1}',
        '{"mood": "sad"}',
        "[]",
        "null",
    ],
)
def test_a_model_that_talks_nonsense_has_no_opinion(server: FakeOllama, content: str) -> None:
    server.content = content
    understood = ollama(server.url).classify("oui")
    assert (understood.intent, understood.confidence) == (Intent.NOT_UNDERSTOOD, 0.0)


@pytest.mark.parametrize("confidence", ["-1", "7", '"high"', "null", "true"])
def test_an_odd_confidence_is_replaced(server: FakeOllama, confidence: str) -> None:
    server.content = f'{{"intent": "deny", "confidence": {confidence}}}'
    understood = ollama(server.url).classify("bof")
    assert understood.intent is Intent.DENY
    assert 0.0 < understood.confidence < 1.0


@pytest.mark.parametrize(
    ("status", "raw"), [(500, b'{"error":"out of memory"}'), (200, b"<html>"), (404, b"")]
)
def test_a_broken_server_has_no_opinion(server: FakeOllama, status: int, raw: bytes) -> None:
    server.status, server.raw = status, raw
    assert ollama(server.url).classify("oui").confidence == 0.0


def test_a_dead_server_is_left_alone_after_three_failures(caplog: pytest.LogCaptureFixture) -> None:
    with _running() as gone:
        url = gone.url
    clock = Clock()
    classifier = ollama(url, clock=clock)
    with caplog.at_level(logging.WARNING):
        reasons = [classifier.classify("oui").why for _ in range(6)]
    assert reasons[-1] == "Ollama is left alone after failures"
    assert len(caplog.records) == 1


def test_it_is_tried_again_after_a_while(server: FakeOllama) -> None:
    clock = Clock()
    classifier = ollama(server.url, clock=clock)
    server.status = 503
    for _ in range(4):
        classifier.classify("oui")
    server.status = 200
    assert classifier.classify("oui").confidence == 0.0
    clock.now += 31
    assert classifier.classify("oui").intent is Intent.OBJECTION
    assert classifier.classify("oui").intent is Intent.OBJECTION


def test_a_failing_server_is_not_asked_twice_for_everything(server: FakeOllama) -> None:
    server.status = 500
    classifier = ollama(server.url)
    for _ in range(3):
        classifier.classify("oui")
    assert len(server.asked) == 4


def test_a_slow_answer_is_no_answer(server: FakeOllama) -> None:
    server.go_on.clear()
    understood = ollama(server.url, timeout_s=0.05).classify("oui")
    assert (understood.confidence, understood.why) == (0.0, "it does not answer in time")


def test_the_second_opinion_is_heard_where_the_first_is_unsure(server: FakeOllama) -> None:
    both = BudgetedClassifier(Fixed(UNSURE), ollama(server.url), 5000)
    assert both.classify("bof").intent is Intent.OBJECTION
    both.close()


@pytest.mark.parametrize(
    "sure",
    [
        Understanding(Intent.AFFIRM, 0.9),
        Understanding(Intent.OPT_OUT, 0.1),
        Understanding(Intent.SILENCE, 1.0),
    ],
)
def test_nobody_is_asked_where_the_first_is_sure(server: FakeOllama, sure: Understanding) -> None:
    both = BudgetedClassifier(Fixed(sure), ollama(server.url), 5000)
    assert both.classify("oui") is sure
    assert server.asked == []
    both.close()


def test_the_budget_ends_the_wait(server: FakeOllama) -> None:
    server.go_on.clear()
    both = BudgetedClassifier(Fixed(UNSURE), ollama(server.url, timeout_s=10), 30)
    understood = both.classify("bof")
    assert (understood.intent, understood.callback_text) == (Intent.DENY, "demain")
    assert "no second opinion in time" in understood.why
    server.go_on.set()
    both.close()


def test_without_a_second_opinion_the_first_one_stands() -> None:
    with _running() as gone:
        url = gone.url
    both = BudgetedClassifier(Fixed(UNSURE), ollama(url), 5000)
    assert both.classify("bof") is UNSURE
    both.close()


def test_threads_that_still_wait_are_not_waited_for(server: FakeOllama) -> None:
    """Four questions are under way; the fifth utterance is decided at once."""
    server.go_on.clear()
    both = BudgetedClassifier(Fixed(UNSURE), ollama(server.url, timeout_s=10), 20)
    for _ in range(4):
        both.classify("bof")
    assert both.classify("bof") is UNSURE
    server.go_on.set()
    both.close()
