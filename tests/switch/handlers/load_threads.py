"""Two threads that compute in Python while a load test runs: a busy GIL."""

import threading

busy = threading.Event()


def compute():
    while True:
        busy.wait()
        total = 0
        for number in range(200_000):
            total += number * number


for _ in range(2):
    threading.Thread(target=compute, daemon=True).start()
