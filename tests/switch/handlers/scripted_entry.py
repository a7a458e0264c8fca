"""Lives as long as the FreeSWITCH process, as minibot_fs.entry does."""

import json
import os
from pathlib import Path

import freeswitch
from minibot_fs.config import load_settings
from minibot_fs.entry import Entry
from minibot_fs.hearing.scripted_recognizer import ScriptedRecognizer, SpokenText
from minibot_fs.process import Process

SCRIPT = Path(os.environ["MINIBOT_TEST_FOLDER"]) / "script.json"


def scripted_recognizer(clock):
    return ScriptedRecognizer(clock, [SpokenText(*spoken) for spoken in json.loads(SCRIPT.read_text())])


ENTRY = Entry(lambda: Process(load_settings(), freeswitch, scripted_recognizer))
