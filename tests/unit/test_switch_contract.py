"""The rehearsal switch keeps the contract that FreeSWITCH keeps (tests/switch/test_contract.py)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from minibot_fs.switch.caller_script import CallerScript, Turn
from minibot_fs.switch.rehearsal import RehearsalSwitch
from tests.switch_contract import CHECKS, FAR_TONE_HZ, FAR_TONE_MS, PROMPT_MS, Check, FarEnd, Heard


def tone(file: Path, hz: int, ms: int) -> Path:
    t = np.arange(ms * 8) / 8000
    soundfile.write(file, 0.3 * np.sin(2 * np.pi * hz * t), 8000, subtype="ULAW", format="WAV")
    return file


def script(far_end: FarEnd, far_tone: Path) -> CallerScript:
    does = {
        "nothing": (),
        "tone": (Turn(cue="prompt_start", after_s=far_end.after_ms / 1000, say="x", sound=far_tone),),
        "hang_up": (Turn(cue="prompt_start", after_s=far_end.after_ms / 1000, hang_up=True),),
        "digits": (Turn(cue="prompt_start", after_s=far_end.after_ms / 1000, digits="19"),),
    }
    return CallerScript(name="far", expect="success", turns=does[far_end.does])


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_the_rehearsal_switch(check: Check, tmp_path: Path) -> None:
    prompt = tone(tmp_path / "prompt.wav", 440, PROMPT_MS)
    far_tone = tone(tmp_path / "far.wav", FAR_TONE_HZ, FAR_TONE_MS)
    switch = RehearsalSwitch("call-1", script(check.far_end, far_tone))
    switch.answer()
    heard = Heard()
    switch.listen(heard.take_frame, heard.digits.append)
    try:
        check.run(switch, heard, prompt)
    finally:
        switch.close()
