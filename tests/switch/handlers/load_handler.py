"""Plays a 6 s prompt while Python threads compute, and reports how long it took and what was heard.

load_handler one|each      one reader thread for all calls, or one a call
"""

import itertools
import os
import threading
import time
from pathlib import Path

from contract_handler import write_report
from load_threads import busy
from reader_of_tests import READER

import freeswitch
from minibot_fs.switch.freeswitch import FreeSwitchSession
from minibot_fs.switch.media_bug import FrameReader


def handler(session, readers):
    folder = Path(os.environ["MINIBOT_TEST_FOLDER"])
    switch = FreeSwitchSession(
        session, freeswitch, READER if readers == "one" else FrameReader(), max_duration_s=60
    )
    heard = []
    arrived = []

    def on_frame(frame):
        heard.append(frame)
        arrived.append(time.monotonic())

    switch.answer()
    busy.set()
    recording = folder / "reports" / f"{switch.call_id}.wav"
    switch.listen(on_frame, lambda digit: None)
    switch.record(recording)
    switch.wait(200)
    began = time.monotonic()
    played = switch.play(folder / "sounds" / "tester" / "load.wav")
    took_ms = (time.monotonic() - began) * 1000
    switch.wait(200)
    time.sleep(0.2)
    switch.hang_up()
    switch.close()
    session.destroy()
    (folder / "reports" / f"{switch.call_id}.raw").write_bytes(b"".join(heard))
    gaps_ms = [(after - before) * 1000 for before, after in itertools.pairwise(arrived)]
    write_report(
        folder / "reports" / f"{switch.call_id}.json",
        {
            "took_ms": took_ms,
            "position_ms": played.position_ms,
            "frames": len(heard),
            "longest_gap_ms": max(gaps_ms),
            "threads": threading.active_count(),
        },
    )
