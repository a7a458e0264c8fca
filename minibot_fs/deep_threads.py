"""Threads with a deep stack, for work that FreeSWITCH's own threads (240 KiB) cannot bear.

YAML, pydantic, a speech model, a classifier: they run here, while the session's thread goes on
reading the line's audio.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

STACK_BYTES = 16 * 1024 * 1024
_stack_size_lock = threading.Lock()


def deep_threads(count: int, name: str) -> ThreadPoolExecutor:
    """A pool whose threads all run already: a thread's stack is as deep as it was when it started."""
    pool = ThreadPoolExecutor(count, thread_name_prefix=name)
    everyone = threading.Barrier(count + 1)
    with _stack_size_lock:
        usual = threading.stack_size(STACK_BYTES)
        try:
            for _ in range(count):
                pool.submit(everyone.wait)
        finally:
            threading.stack_size(usual)
    everyone.wait()
    return pool
