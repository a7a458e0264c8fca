"""The one shape audio has everywhere in hearing: 20 ms of 16-bit little-endian mono PCM at 8 kHz."""

from __future__ import annotations

from collections.abc import Iterator

SAMPLE_RATE_HZ = 8000
FRAME_MS = 20
FRAME_SAMPLES = SAMPLE_RATE_HZ * FRAME_MS // 1000
FRAME_BYTES = FRAME_SAMPLES * 2
BYTES_PER_MS = FRAME_BYTES // FRAME_MS
SILENT_FRAME = bytes(FRAME_BYTES)


def frames_in(ms: int) -> int:
    """Whole frames needed to cover ``ms``."""
    return -(-ms // FRAME_MS)


class Reframer:
    """Cuts audio that comes in pieces of any size (odd byte counts too) into frames."""

    def __init__(self) -> None:
        self._rest = b""

    def push(self, pcm: bytes) -> Iterator[bytes]:
        """The frames that ``pcm`` completes, in order; what is left waits for the next piece."""
        data = self._rest + pcm
        whole = len(data) - len(data) % FRAME_BYTES
        self._rest = data[whole:]
        return (data[start : start + FRAME_BYTES] for start in range(0, whole, FRAME_BYTES))

    def flush(self) -> bytes | None:
        """The last, incomplete frame filled up with silence; ``None`` when nothing is left."""
        rest, self._rest = self._rest, b""
        return rest.ljust(FRAME_BYTES, b"\0") if rest else None
