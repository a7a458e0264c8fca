"""What is Vosk's own: loading, focused recognition, many recognizers at once."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from minibot_fs.errors import SettingsError
from minibot_fs.hearing.decoding_pool import DecodingPool
from minibot_fs.hearing.recognizer import FinalText, PartialText
from minibot_fs.hearing.vosk_model import SpeechModel, load_model
from minibot_fs.hearing.vosk_recognizer import VoskRecognizer, is_expected, words_of

from .conftest import pcm_of


def test_a_model_is_loaded_once(korean_model: SpeechModel, korean_model_path: Path) -> None:
    assert load_model(korean_model_path) is korean_model


def test_a_missing_model_folder_is_a_clear_mistake(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"VOSK_MODEL_PATH.*is not a folder"):
        load_model(tmp_path / "nowhere")


def test_a_folder_that_is_no_model_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"am/final\.mdl is missing"):
        load_model(tmp_path)


def test_a_truncated_model_is_refused_without_ending_the_process(
    tmp_path: Path, korean_model_path: Path
) -> None:
    for file in korean_model_path.rglob("*"):
        if file.is_file():
            copy = tmp_path / file.relative_to(korean_model_path)
            copy.parent.mkdir(parents=True, exist_ok=True)
            if file.name == "final.mdl":
                copy.write_bytes(file.read_bytes()[:100_000])
            else:
                copy.symlink_to(file)
    with pytest.raises(SettingsError, match="cannot be loaded"):
        load_model(tmp_path)


def test_a_grammar_leaves_out_phrases_the_model_does_not_know(korean_model: SpeechModel) -> None:
    assert korean_model.knows("네")
    assert not korean_model.knows("anticonstitutionnellement")
    assert korean_model.focused(["anticonstitutionnellement"]) is None
    assert korean_model.focused(["네", "anticonstitutionnellement 네"]) is not None


def heard(recognizer: VoskRecognizer, name: str) -> FinalText:
    pcm = pcm_of(name)
    for start in range(0, len(pcm), 320):
        recognizer.accept(pcm[start : start + 320])
    recognizer.finish()
    while True:
        for result in recognizer.poll():
            if not isinstance(result, PartialText):
                return result
        time.sleep(0.001)


def test_what_the_grammar_forces_into_its_words_is_decoded_again_freely(korean_model: SpeechModel) -> None:
    recognizer = VoskRecognizer(korean_model, DecodingPool(0))
    recognizer.expect(["요 아니"])
    assert not set(heard(recognizer, "korean-no.wav").text.split()) <= {"요", "아니"}


@pytest.mark.parametrize(
    ("text", "whole", "fits"),
    [
        ("oui", True, True),
        ("oui oui", True, True),
        ("non merci", True, True),
        ("non", True, False),
        ("non", False, True),
        ("non merci non", False, True),
        ("non merci non", True, False),
        ("oui non", False, False),
        ("[unk]", False, False),
        ("oui [unk]", True, False),
        ("", True, True),
    ],
)
def test_a_focused_result_is_believed_only_when_it_is_an_expected_phrase(
    text: str, whole: bool, fits: bool
) -> None:
    assert is_expected(text, ["oui", "non merci"], whole=whole) is fits


def test_marks_of_noises_are_no_words() -> None:
    assert words_of("[4] oui <UNK> bonjour [unk]") == "oui bonjour"


def test_many_calls_at_once_each_hear_their_own_words(korean_model: SpeechModel) -> None:
    pool = DecodingPool(2)
    results: dict[int, list[str]] = {}

    def call(number: int) -> None:
        recognizer = VoskRecognizer(korean_model, pool)
        names = ["korean-yes.wav", "korean-country.wav"]
        recognizer.expect(["네", "하라"] if number % 2 else None)
        results[number] = [heard(recognizer, names[(number // 2 + turn) % 2]).text for turn in range(2)]
        recognizer.close()

    calls = [threading.Thread(target=call, args=(number,)) for number in range(4)]
    for thread in calls:
        thread.start()
    for thread in calls:
        thread.join()
    pool.close()
    words = ["네", "하라"]
    assert results == {number: [words[(number // 2 + turn) % 2] for turn in range(2)] for number in range(4)}
