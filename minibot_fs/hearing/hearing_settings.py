"""Everything hearing can be told, with its unit and default. A call takes one snapshot of it.

Names follow those of other voicebots (livekit: ``min_delay``, ``max_delay``, ``min_duration``,
``min_words``, ``false_interruption_timeout``), so that their figures compare with ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class EndpointingMode(StrEnum):
    """``FIXED`` waits ``max_delay_ms`` after every utterance; ``ADAPTIVE`` that long at most."""

    FIXED = "fixed"
    ADAPTIVE = "adaptive"


@dataclass(frozen=True)
class HearingSettings:
    vad_aggressiveness: int = 2
    """WebRTC VAD, 0 (lets noise in) to 3 (loses speech)."""
    noise_margin_db: float = 7.0
    """Voice is at least this much above the line's noise floor."""
    clear_margin_db: float = 12.0
    """Voice without words that may cut a prompt is this much above the noise floor."""
    min_level_dbfs: float = -50.0
    """Quieter than this is never voice."""

    min_speech_ms: int = 80
    """Shortest voiced stretch that is given to the recognizer."""
    speech_start_ms: int = 500
    """SPEECH_START_THRESHOLD: voice that counts as speech before any word of it is known."""
    preroll_ms: int = 400
    """Audio before the first voiced frame that the recognizer gets: soft first consonants."""
    trailing_pad_ms: int = 180
    """Silence after the last voiced frame that the recognizer gets as it comes; later one is not decoded."""
    flush_ms: int = 400
    """Then it gets this much more silence at once, to say now what it would say that much later."""
    max_utterance_ms: int = 20_000
    """A longer utterance is ended, whatever goes on."""
    unintelligible_ms: int = 700
    """Voice this long without a word is an utterance nobody understood; shorter is a noise."""

    endpointing_mode: EndpointingMode = EndpointingMode.ADAPTIVE
    min_delay_ms: int = 400
    """Silence that ends an utterance which is certainly complete."""
    max_delay_ms: int = 1500
    """SILENCE_THRESHOLD: silence that ends any utterance."""
    no_text_delay_ms: int = 800
    """Silence that ends an utterance of which no word is known yet."""

    grace_period_ms: int = 3000
    """BARGE_IN_GRACE_PERIOD: a prompt cannot be interrupted in its first milliseconds."""
    min_duration_ms: int = 200
    """Shortest voice, of words already known, that interrupts a prompt."""
    min_words: int = 1
    """Fewest words that interrupt a prompt before ``speech_start_ms`` of voice."""
    false_interruption_timeout_ms: int = 2000
    """An interruption without a word is retracted after this long."""

    echo_window_ms: int = 400
    """Longest time after which our own prompt comes back as echo."""
    echo_margin_db: float = 6.0
    """Voice over a prompt is at least this much above the echo expected of it."""
    assumed_echo_loss_db: float = 10.0
    """How much weaker than sent the echo comes back, until the call has shown better."""
