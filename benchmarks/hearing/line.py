"""What a telephone line does to a voice: codec, loss, clipping, noise behind it, tones before it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
from scipy.signal import butter, lfilter, sosfilt

from benchmarks.hearing.voices import RATE_HZ, SPEAKERS, VOICE_DBFS, Samples, spoken

NOISES = ("white", "pink", "babble", "music", "hum")
SNRS_DB = (None, 20, 10, 5)
CODECS = ("pcma", "pcmu")


@dataclass(frozen=True)
class Line:
    """One line's properties. ``snr_db`` None is a clean line; ``loss`` the share of 20 ms packets lost."""

    codec: str = "pcma"
    noise: str = "white"
    snr_db: int | None = None
    loss: float = 0.0
    clipped: bool = False
    gain_db: float = 0.0

    def carry(self, clean: Samples, rng: np.random.Generator) -> npt.NDArray[np.int16]:
        """What arrives of ``clean``: 16-bit samples."""
        audio = clean.copy()
        if self.snr_db is not None:
            audio += noise_of(self.noise, len(audio), rng) * np.float32(
                10 ** ((VOICE_DBFS - self.snr_db) / 20)
            )
        audio *= np.float32(10 ** (self.gain_db / 20))
        if self.clipped:
            audio = np.clip(audio * 4.0, -0.25, 0.25)
        coded = (_a_law if self.codec == "pcma" else _mu_law)(np.clip(audio, -1.0, 1.0))
        return _lose(coded, self.loss, rng)


def any_line(rng: np.random.Generator, noisy_share: float = 0.6) -> Line:
    """A line drawn from all there are: 40 % clean, else a noise at 20, 10 or 5 dB."""
    noisy = rng.random() < noisy_share
    return Line(
        codec=str(rng.choice(CODECS)),
        noise=str(rng.choice(NOISES)),
        snr_db=int(rng.choice([20, 10, 5], p=[0.5, 0.35, 0.15])) if noisy else None,
        loss=float(rng.choice([0.0, 0.01, 0.03, 0.1], p=[0.7, 0.15, 0.1, 0.05])),
        clipped=bool(rng.random() < 0.05),
        gain_db=float(rng.uniform(-10.0, 4.0)),
    )


def silence(ms: float) -> Samples:
    return np.zeros(int(ms * RATE_HZ / 1000), dtype=np.float32)


def tone(ms: float, *pitches_hz: float, level_dbfs: float = -15.0) -> Samples:
    seconds = np.arange(int(ms * RATE_HZ / 1000)) / RATE_HZ
    mixed = sum((np.sin(2 * np.pi * hz * seconds) for hz in pitches_hz), np.zeros(len(seconds)))
    amplitude = 10 ** (level_dbfs / 20) * np.sqrt(2 / max(len(pitches_hz), 1))
    return (mixed * amplitude).astype(np.float32)


def ring_back(rings: int) -> Samples:
    """The French cadence: 1.5 s of 440 Hz, 3.5 s of silence; ends 1 s after the last tone."""
    one = np.concatenate([tone(1500, 440.0, level_dbfs=-18.0), silence(3500)])
    return np.tile(one, rings)[: len(one) * rings - int(2.5 * RATE_HZ)]


def special_information() -> Samples:
    return np.concatenate([tone(330, 950.0), tone(330, 1400.0), tone(330, 1800.0), silence(400)])


def cough(rng: np.random.Generator) -> Samples:
    """One or two bursts of shaped noise of 120-250 ms."""
    bursts = []
    for _ in range(int(rng.integers(1, 3))):
        length = int(rng.uniform(0.12, 0.25) * RATE_HZ)
        envelope = np.exp(-np.linspace(0.0, 4.0, length)) * np.minimum(np.linspace(0.0, 20.0, length), 1.0)
        body = sosfilt(butter(2, [300, 1800], "band", fs=RATE_HZ, output="sos"), rng.normal(0.0, 1.0, length))
        bursts += [body * envelope, np.zeros(int(rng.uniform(0.08, 0.25) * RATE_HZ))]
    return _at_level(np.concatenate(bursts), VOICE_DBFS + 2.0)


def slam(rng: np.random.Generator) -> Samples:
    """A door: a thud of 90-160 Hz under a click, gone within 200 ms."""
    length = int(0.25 * RATE_HZ)
    seconds = np.arange(length) / RATE_HZ
    thud = np.sin(2 * np.pi * rng.uniform(90, 160) * seconds) * np.exp(-seconds * 25.0)
    click = rng.normal(0.0, 1.0, length) * np.exp(-seconds * 60.0)
    return _at_level(thud + click, VOICE_DBFS + 4.0)


def echo_of(prompt: Samples, loss_db: float, delay_ms: int) -> Samples:
    """``prompt`` as it comes back: later, weaker, and duller."""
    sos = butter(2, [300, 2800], "band", fs=RATE_HZ, output="sos")
    dulled = sosfilt(sos, np.concatenate([silence(delay_ms), prompt]))
    return (dulled * 10 ** (-loss_db / 20)).astype(np.float32)


def noise_of(kind: str, length: int, rng: np.random.Generator) -> Samples:
    """Noise at 0 dBFS RMS of any of NOISES."""
    match kind:
        case "white":
            noise = rng.normal(0.0, 1.0, length)
        case "pink":  # Kellet's filter
            noise = lfilter(
                [0.0499, -0.0960, 0.0506, -0.0044], [1, -2.4950, 2.0172, -0.5222], rng.normal(size=length)
            )
        case "hum":
            seconds = np.arange(length) / RATE_HZ
            noise = sum(
                (np.sin(2 * np.pi * hz * seconds) / n for n, hz in ((1, 50), (2, 100), (3, 150))), 0.0
            )
            noise += rng.normal(0.0, 0.03, length)
        case "babble" | "music":
            bed = _babble() if kind == "babble" else _music()
            start = int(rng.integers(0, len(bed)))
            noise = np.take(bed, np.arange(start, start + length), mode="wrap")
        case _:
            raise ValueError(kind)
    return (noise / np.sqrt(np.mean(np.square(noise)) + 1e-12)).astype(np.float32)


@cache
def _babble() -> Samples:
    """Twelve seconds of six voices at once."""
    texts = (
        "je lui ai dit que ce n'était pas possible avant la semaine prochaine et il est parti",
        "on prend le train de dix-huit heures et après on verra bien ce qu'on fait ce soir",
        "tu veux encore du café ou on demande l'addition tout de suite",
        "le petit a encore oublié son cartable alors j'ai dû retourner à l'école",
        "il paraît que les travaux vont durer jusqu'à la fin de l'année",
        "deux croissants et une baguette pas trop cuite s'il vous plaît",
    )
    mixed = np.zeros(12 * RATE_HZ, dtype=np.float32)
    for number, text in enumerate(texts):
        voice = spoken(text, SPEAKERS["dev"][number], 150 + 8 * number).samples
        mixed += np.take(voice, np.arange(number * 2111, number * 2111 + len(mixed)), mode="wrap")
    return mixed


@cache
def _music() -> Samples:
    """Eight bars of broken chords with three harmonics a note."""
    chords = ((262, 330, 392), (220, 262, 330), (175, 220, 262), (196, 247, 294))
    bars = []
    for chord in chords * 2:
        for note in (*chord, chord[1]):
            seconds = np.arange(RATE_HZ * 3 // 10) / RATE_HZ
            tones = sum(
                np.sin(2 * np.pi * hz * k * seconds) / k for k in (1, 2, 3) for hz in (note, chord[0])
            )
            bars.append(tones * np.exp(-seconds * 3.0))
    return np.concatenate(bars).astype(np.float32)


def _at_level(samples: npt.NDArray[np.float64], level_dbfs: float) -> Samples:
    return (samples / np.sqrt(np.mean(samples**2)) * 10 ** (level_dbfs / 20)).astype(np.float32)


def _lose(samples: npt.NDArray[np.int16], share: float, rng: np.random.Generator) -> npt.NDArray[np.int16]:
    """Lost packets are silence: no concealment."""
    frames = len(samples) // 160
    kept = samples[: frames * 160].reshape(frames, 160).copy()
    kept[rng.random(frames) < share] = 0
    return kept.reshape(-1)


def _mu_law(audio: Samples) -> npt.NDArray[np.int16]:
    """There and back through G.711 mu-law, 8 bits."""
    coded = np.round(np.sign(audio) * np.log1p(255.0 * np.abs(audio)) / np.log(256.0) * 127.0) / 127.0
    return (np.sign(coded) * (256.0 ** np.abs(coded) - 1.0) / 255.0 * 32767.0).astype(np.int16)


def _a_law(audio: Samples) -> npt.NDArray[np.int16]:
    """There and back through G.711 A-law, 8 bits."""
    size, scale = np.abs(audio), 1.0 + np.log(87.6)
    coded = np.where(
        size < 1 / 87.6, 87.6 * size / scale, (1.0 + np.log(np.maximum(size, 1e-9) * 87.6)) / scale
    )
    coded = np.round(coded * 127.0) / 127.0
    back = np.where(coded < 1 / scale, coded * scale / 87.6, np.exp(coded * scale - 1.0) / 87.6)
    return (np.sign(audio) * back * 32767.0).astype(np.int16)
