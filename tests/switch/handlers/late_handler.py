"""Adds its media bug when the channel is hanging up, or has hung up."""

import os
import time
from pathlib import Path

from contract_handler import write_report
from reader_of_tests import READER

import freeswitch
from minibot_fs.errors import CallGone
from minibot_fs.switch.freeswitch import FreeSwitchSession


def handler(session, when):
    switch = FreeSwitchSession(session, freeswitch, READER, max_duration_s=60)
    # "during" attaches at the very moments at which the far end hangs up.
    time.sleep(1.5 if when == "after" else 0.1)
    try:
        READER.detach(READER.attach(switch.call_id))
        switch.listen(lambda frame: None, lambda digit: None)
        listened = "heard"
    except CallGone:
        listened = "CallGone"
    switch.close()
    session.destroy()
    folder = Path(os.environ["MINIBOT_TEST_FOLDER"])
    write_report(folder / "reports" / f"late-{switch.call_id}.json", {"late": when, "listened": listened})
