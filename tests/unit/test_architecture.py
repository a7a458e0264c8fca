"""The arrows between the rooms, and the limits of the threads that FreeSWITCH gives a call."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]

A_CALL_AS_FREESWITCH_RUNS_IT = """
import sys, threading
sys.setrecursionlimit(240)
threading.stack_size(240 * 1024)
outcome = []

def call():
    try:
        from pathlib import Path
        from minibot_fs.assembly import Assembly
        from minibot_fs.call import CallPlan
        from minibot_fs.config import load_settings
        from minibot_fs.rehearsal import UnstoredCalls, caller_variables, rehearse
        from minibot_fs.switch.caller_script import load_caller
        assembly = Assembly(load_settings(), UnstoredCalls(), opted_out=print)
        conversation = assembly.conversations.named("scenario_or_investissement")
        script = load_caller(Path("callers/objects_twice_then_accepts.yaml").resolve())
        plan = CallPlan(conversation.scenario, "+33639980000", caller_variables(None))
        outcome.append(rehearse(assembly, conversation, script, plan, call_id="limited").summary.result)
    except BaseException as error:
        outcome.append(repr(error))

thread = threading.Thread(target=call)
thread.start()
thread.join()
print(outcome[0])
"""


def test_arrows_between_the_rooms_point_one_way() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter], cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_whole_call_runs_within_mod_python3s_recursion_limit_and_stack() -> None:
    done = subprocess.run(
        [sys.executable, "-c", A_CALL_AS_FREESWITCH_RUNS_IT], cwd=PROJECT, capture_output=True, text=True
    )
    assert done.stdout.strip() == "success", done.stdout + done.stderr
