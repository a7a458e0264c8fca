"""Answering machine detection on a few of the benchmark's dev calls: noise, loss, codecs, transcripts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from benchmarks.hearing import measure_amd
from benchmarks.hearing.calls import AnsweredCall, answered_calls
from benchmarks.hearing.voices import MissingPackage, check_installed


def _missing() -> str:
    try:
        check_installed()
    except MissingPackage as missing:
        return str(missing)
    return ""


pytestmark = pytest.mark.skipif(bool(_missing()), reason=_missing())


@pytest.fixture(scope="module")
def calls() -> list[AnsweredCall]:
    return answered_calls("dev", 16, 16, np.random.default_rng(5))


@pytest.fixture(scope="module")
def methods(calls: Sequence[AnsweredCall]) -> dict[str, Any]:
    found: dict[str, Any] = measure_amd.measure(calls, seed=5, processes=1)["methods"]
    return found


def test_the_same_seed_makes_the_same_calls(calls: Sequence[AnsweredCall]) -> None:
    again = answered_calls("dev", 16, 16, np.random.default_rng(5))
    assert all(np.array_equal(one.audio, other.audio) for one, other in zip(calls, again, strict=True))


def test_all_methods_together_find_machines_and_take_no_person_for_one(methods: dict[str, Any]) -> None:
    assert methods["combined"]["machines_found"] >= 90.0
    assert methods["combined"]["people_taken_for_machines"] == 0.0


def test_without_a_transcript_most_machines_are_found(methods: dict[str, Any]) -> None:
    assert methods["combined, no transcript"]["machines_found"] >= 70.0
    assert methods["combined, no transcript"]["people_taken_for_machines"] <= 5.0


def test_silence_is_no_machine(methods: dict[str, Any]) -> None:
    assert methods["combined"]["silence_called_machine"] == 0.0


def test_beeps_are_reported_when_they_end(methods: dict[str, Any]) -> None:
    assert methods["combined"]["beeps_heard"] >= 90.0
