"""Runs one check of tests/switch_contract.py on a real call and writes what came of it."""

import json
import os
import traceback
from pathlib import Path

from reader_of_tests import READER

import freeswitch
from minibot_fs.switch.freeswitch import FreeSwitchSession
from tests.switch_contract import CHECKS, Heard


def handler(session, name):
    folder = Path(os.environ["MINIBOT_TEST_FOLDER"])
    switch = FreeSwitchSession(session, freeswitch, READER, max_duration_s=60)
    problem = None
    try:
        switch.answer()
        heard = Heard()
        switch.listen(heard.take_frame, heard.digits.append)
        check = next(check for check in CHECKS if check.name == name)
        check.run(switch, heard, folder / "callees" / "prompt.wav")
    except Exception:  # noqa: BLE001 - goes into the report
        problem = traceback.format_exc()
    switch.hang_up()
    switch.close()
    session.destroy()
    write_report(folder / "reports" / f"{switch.call_id}.json", {"check": name, "problem": problem})


def write_report(file, report):
    partial = file.with_suffix(".partial")
    partial.write_text(json.dumps(report))
    partial.rename(file)
