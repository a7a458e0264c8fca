"""Threads that decode speech for all calls, and how far they are behind.

Each recognizer has a lane: its work is done in order and by one thread at a time, lanes take turns.
What arrives while a lane's work runs waits for its next turn, behind the other lanes.

FreeSWITCH's threads have 240 KiB of stack, a decoder wants more: the pool's threads bring 16 MiB
of their own. With no workers a lane's work is done inside ``wake`` by the thread that calls it:
results then fall on the same frame every time.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable

log = logging.getLogger(__name__)

_STACK_BYTES = 16 * 1024 * 1024
_LAG_MEMORY_S = 5.0
_stack_size_lock = threading.Lock()


class Lane:
    """One recognizer's place in the queue. Made by :meth:`DecodingPool.lane`."""

    def __init__(self, pool: DecodingPool, work: Callable[[], None]) -> None:
        self._pool = pool
        self.work = work
        self.waiting_since_s: float | None = None
        self.running = False

    def wake(self) -> None:
        """There is work: ``work`` will be called soon, on a thread of the pool."""
        self._pool.wake(self)


class DecodingPool:
    """Args: workers: threads; 0 does the work in the caller's thread."""

    def __init__(self, workers: int) -> None:
        self._ready = threading.Condition()
        self._queue: deque[Lane] = deque()
        self._waits: deque[tuple[float, float]] = deque()
        self._closed = False
        self._threads = [
            threading.Thread(target=self._serve, name=f"decode-{number}", daemon=True)
            for number in range(workers)
        ]
        with _stack_size_lock:
            usual = threading.stack_size(_STACK_BYTES)
            try:
                for thread in self._threads:
                    thread.start()
            finally:
                threading.stack_size(usual)

    def lane(self, work: Callable[[], None]) -> Lane:
        """A lane for ``work``, which must do everything pending at the moment it is called."""
        return Lane(self, work)

    @property
    def lag_ms(self) -> int:
        """Longest time that audio waited for a thread in the last 5 s, or is waiting now.

        Above some hundred milliseconds callers notice; a dialer should slow down.
        """
        with self._ready:
            now = time.monotonic()
            self._forget_before(now - _LAG_MEMORY_S)
            waits = [waited for _, waited in self._waits]
            waits += [now - lane.waiting_since_s for lane in self._queue if lane.waiting_since_s is not None]
        return round(max(waits, default=0.0) * 1000)

    def wake(self, lane: Lane) -> None:
        """See :meth:`Lane.wake`."""
        if not self._threads:
            lane.work()
            return
        with self._ready:
            if lane.waiting_since_s is not None:
                return
            lane.waiting_since_s = time.monotonic()
            if not lane.running:
                self._queue.append(lane)
                self._ready.notify()

    def close(self) -> None:
        """End the threads after what they are doing; work that waits is dropped. Idempotent."""
        with self._ready:
            self._closed = True
            self._queue.clear()
            self._ready.notify_all()
        for thread in self._threads:
            thread.join()

    def _serve(self) -> None:
        while (lane := self._next_lane()) is not None:
            try:
                lane.work()
            except Exception:
                log.exception("decoding failed")
            with self._ready:
                lane.running = False
                if lane.waiting_since_s is not None:
                    self._queue.append(lane)
                    self._ready.notify()

    def _next_lane(self) -> Lane | None:
        with self._ready:
            while not self._queue:
                if self._closed:
                    return None
                self._ready.wait()
            lane = self._queue.popleft()
            now = time.monotonic()
            if lane.waiting_since_s is not None:
                self._forget_before(now - _LAG_MEMORY_S)
                self._waits.append((now, now - lane.waiting_since_s))
            lane.waiting_since_s = None
            lane.running = True
            return lane

    def _forget_before(self, moment_s: float) -> None:
        while self._waits and self._waits[0][0] < moment_s:
            self._waits.popleft()
