"""The picture size that a sequence parameter set of H.264 promises (H.264 section 7.3.2.1.1), nothing else."""

from __future__ import annotations

MAX_SPS_BYTES = 1024
#: Profiles whose sets carry the chroma format and scaling lists.
HIGH_PROFILES = (100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135)
MACROBLOCK = 16
#: More leading zeros than any field of a set has; a longer run is nonsense.
LONGEST_PREFIX = 32


def sps_size(unit: bytes) -> tuple[int, int]:
    """Width and height in pixels of an SPS unit without start code. Raises ValueError where it cannot be read."""
    if not 4 <= len(unit) <= MAX_SPS_BYTES:
        raise ValueError("no possible parameter set")
    bits = _Bits(unit[1:].replace(b"\x00\x00\x03", b"\x00\x00"))
    profile = bits.take(8)
    bits.take(16)
    bits.golomb()
    chroma = _chroma_format(bits) if profile in HIGH_PROFILES else 1
    _skip_order_count(bits)
    bits.golomb()
    bits.take(1)
    width, height = bits.golomb() + 1, bits.golomb() + 1
    is_frames = bits.take(1)
    if not is_frames:
        bits.take(1)
    bits.take(1)
    crop = [bits.golomb() for _ in range(4)] if bits.take(1) else [0] * 4
    unit_x = 2 if chroma in (1, 2) else 1
    unit_y = (2 if chroma == 1 else 1) * (2 - is_frames)
    size = (
        width * MACROBLOCK - (crop[0] + crop[1]) * unit_x,
        height * MACROBLOCK * (2 - is_frames) - (crop[2] + crop[3]) * unit_y,
    )
    if min(size) <= 0:
        raise ValueError("nothing of the picture is left")
    return size


def _chroma_format(bits: _Bits) -> int:
    chroma = bits.golomb()
    if chroma == 3:
        bits.take(1)
    bits.golomb()
    bits.golomb()
    bits.take(1)
    if bits.take(1):
        raise ValueError("scaling lists are not read")
    return chroma


def _skip_order_count(bits: _Bits) -> None:
    bits.golomb()
    kind = bits.golomb()
    if kind == 0:
        bits.golomb()
    elif kind == 1:
        bits.take(1)
        bits.golomb()
        bits.golomb()
        for _ in range(min(bits.golomb(), 255)):
            bits.golomb()


class _Bits:
    """Reads from the most significant bit on; raises ValueError at the end."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = len(data) * 8

    def take(self, count: int) -> int:
        if count > self._left:
            raise ValueError("the parameter set is cut off")
        self._left -= count
        return self._value >> self._left & ((1 << count) - 1)

    def golomb(self) -> int:
        """ue(v), section 9.1. Signed ones take as many bits."""
        zeros = 0
        while not self.take(1):
            zeros += 1
            if zeros > LONGEST_PREFIX:
                raise ValueError("no possible number")
        return (1 << zeros) - 1 + self.take(zeros)
