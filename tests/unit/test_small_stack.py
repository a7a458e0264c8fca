"""FreeSWITCH runs us on 240 KiB of stack at a recursion limit of 240; hearing must bear that."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys, threading
events = []

def call():
    from tests.unit.hearing_call import CallOf
    call = CallOf()
    call.listener.listen(4000, ["oui"])
    call.quiet(500).say("oui bien entendu", 900).quiet(1000)
    call.prompt(grace_period_ms=0).quiet(500).say("attendez une seconde", 1200).quiet(1500)
    events.extend(type(event).__name__ for event in call.events)

sys.setrecursionlimit(240)
threading.stack_size(240 * 1024)
thread = threading.Thread(target=call)
thread.start()
thread.join()
print(" ".join(events))
"""


def test_a_call_is_heard_on_the_switchs_own_thread() -> None:
    run = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert run.stderr == ""
    assert run.stdout.split().count("UtteranceEnded") == 2
    assert "Interrupted" in run.stdout
