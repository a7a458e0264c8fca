"""Two classifiers as one: the fast one decides; where it is unsure, the slow one is heard if time allows."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as OutOfTime

from minibot_fs.dialog.intent import Intent, IntentClassifier, Understanding

log = logging.getLogger(__name__)

# Below this confidence the fast classifier's right answers are too few to be sure (benchmarks/understanding).
UNSURE_BELOW = 0.5
_QUESTIONS_AT_ONCE = 4
# What the fast classifier decides by law or at once: no model may turn it into something else.
_FINAL = frozenset({Intent.OPT_OUT, Intent.SILENCE})


class BudgetedClassifier:
    """An IntentClassifier that answers within its budget whatever its second opinion does.

    Args:
        fast: decides at once.
        second_opinion: may be slow; asked in a thread, and only where ``fast`` is unsure.
        budget_ms: longest wait from the call of ``classify`` to its return; 0 never asks.
    """

    def __init__(self, fast: IntentClassifier, second_opinion: IntentClassifier, budget_ms: int) -> None:
        self._fast = fast
        self._second_opinion = second_opinion
        self._budget_s = budget_ms / 1000
        self._free = threading.BoundedSemaphore(_QUESTIONS_AT_ONCE)
        self._threads = ThreadPoolExecutor(_QUESTIONS_AT_ONCE, thread_name_prefix="second-opinion")

    def classify(self, text: str) -> Understanding:
        first = self._fast.classify(text)
        if self._budget_s <= 0 or not _is_unsure(first) or not self._free.acquire(blocking=False):
            return first
        asked: Future[Understanding] = self._threads.submit(self._second_opinion.classify, text)
        asked.add_done_callback(lambda _: self._free.release())
        try:
            second = asked.result(self._budget_s)
        except OutOfTime:
            asked.cancel()
            return Understanding(
                first.intent, first.confidence, f"{first.why}; no second opinion in time", first.callback_text
            )
        if second.confidence <= first.confidence and first.intent is not Intent.NOT_UNDERSTOOD:
            return first
        if second.intent is Intent.NOT_UNDERSTOOD:
            return first
        callback_text = first.callback_text if second.intent is first.intent else None
        return Understanding(second.intent, second.confidence, second.why, callback_text)

    def close(self) -> None:
        """Ask nothing more; answers under way are not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _is_unsure(understanding: Understanding) -> bool:
    if understanding.intent in _FINAL:
        return False
    return understanding.intent is Intent.NOT_UNDERSTOOD or understanding.confidence < UNSURE_BELOW
