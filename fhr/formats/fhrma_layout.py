"""Layout of an FHRMA or OpenCTG file: how long its header is, when it says it began, how many bytes a sample has.

No file says which layout it has. The suffix leaves one or two, the size rules most of them out, and where two fit the
heart rates decide: read in the wrong layout, one sample in ten at most goes on from the one before.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from fhr.errors import FormatError

__all__ = ["SAMPLE_BYTES", "Layout", "layout_of"]

SAMPLE_BYTES = {
    ".fhr": (6, 8),  # FHRMA's hold no mother's rate, those of OpenCTG do
    ".fhrm": (8,),
    ".rcf": (6, 8),
    ".rcfm": (8,),
    ".fhra": (12, 10),
    ".rcfa": (12, 10),
}
_RATE = "<u2"
_RATES = {6: 2, 8: 3, 10: 2, 12: 3}  # FHR1, FHR2 and the mother's before TOCO and the quality byte
_MAGIC = 1_234_555  # of a recorder
_WRITING, _FINISHED = 1_234_567, 1_234_568  # a third word of files that came as a stream
_EARLIEST = 315_532_800  # 1980: a heart rate in the place of a time gives a day in 1970 or 1971
_ENOUGH = 20  # samples that say anything about a layout; this package's choice, as are the two next
_RIGHT, _BETTER = 0.8, 0.2  # shares of samples: 0.86 to 1, in the wrong layout to 0.16, in the 812 published recordings
_NEAR = 20  # quarters of a bpm from one sample to the next


class Layout(NamedTuple):
    """Where the samples of a file stand.

    Attributes:
        sample: fields fhr1, fhr2, mhr where there is one, toco, quality, and of a morphological analysis its own.
        header_bytes: before the first sample.
        timestamp: Unix time of the first sample, s; 0 unknown.
        is_guess: True where heart rates decided in favour of the layout that the suffix does not mean.
    """

    sample: np.dtype
    header_bytes: int
    timestamp: int
    is_guess: bool = False


def layout_of(raw: bytes, path: Path, sample_bytes: int | None = None) -> Layout:
    """Layout of a whole file.

    Args:
        raw: its bytes.
        path: of it, with one of the suffixes in `SAMPLE_BYTES`.
        sample_bytes: of a sample, where it is known.

    Raises:
        FormatError: no layout fits.
    """
    usual = SAMPLE_BYTES[path.suffix.lower()]
    tried = usual if sample_bytes is None else (sample_bytes,)
    found = {n: Layout(_sample(n), *header) for n in tried if (header := _header(raw, n)) is not None}
    chosen = first = found.get(tried[0])
    for layout in (found[n] for n in tried[1:] if n in found):
        share = _goes_on(raw, layout)
        if share >= _RIGHT and (first is None or share >= _goes_on(raw, first) + _BETTER):
            chosen = layout._replace(is_guess=True)
    if chosen is None:
        sizes = " or ".join(map(str, tried))
        other = "" if sample_bytes or len(usual) == 1 else f", or give sample_bytes={usual[1]} if it has so many"
        raise FormatError(
            f"{path}: {len(raw)} bytes; a {path.suffix} file holds a header of 4, 8 or 12 bytes with a date or none, "
            f"then one or more samples of {sizes}; it is truncated, still being written or has another suffix, fetch "
            f"it again{other}"
        )
    return chosen


def _sample(n_bytes: int) -> np.dtype:
    rates = ["fhr1", "fhr2", "mhr"][: _RATES[n_bytes]]
    analysed = [("clean", _RATE), ("baseline", _RATE)] if n_bytes in (10, 12) else []
    return np.dtype([*((name, _RATE) for name in rates), ("toco", "u1"), ("quality", "u1"), *analysed])


def _header(raw: bytes, sample_bytes: int) -> tuple[int, int] | None:
    """Length of the header before samples of so many bytes, and its date; None where there is no such header."""
    words = [int.from_bytes(raw[i : i + 4], "little") for i in (0, 4, 8)]

    def leaves_samples(header_bytes: int) -> bool:
        return len(raw) > header_bytes and (len(raw) - header_bytes) % sample_bytes == 0

    if leaves_samples(12) and words[0] in (0, _MAGIC) and words[2] in (_WRITING, _FINISHED) and _is_date(words[1]):
        return 12, words[1]
    if leaves_samples(8):
        if words[0] in (0, _MAGIC) and _is_date(words[1]):
            return 8, words[1]
        return (8, words[0]) if words[1] == 0 and words[0] != _MAGIC else None
    if leaves_samples(4) and words[0] != _MAGIC:
        return 4, words[0]
    return None


def _is_date(word: int) -> bool:
    return word == 0 or word >= _EARLIEST


def _goes_on(raw: bytes, layout: Layout) -> float:
    """Share of the samples with a heart rate whose next is within 5 bpm; 0 where there are too few."""
    samples = np.frombuffer(raw, layout.sample, offset=layout.header_bytes)
    n = near = 0
    for name in ("fhr1", "fhr2", "mhr"):
        if name in (layout.sample.names or ()):
            rate = samples[name].astype(np.int32)
            now, after = rate[:-1], rate[1:]
            n += int((now > 0).sum())
            near += int(((now >= 80) & (now <= 1000) & (after > 0) & (np.abs(after - now) <= _NEAR)).sum())
    return near / n if n >= _ENOUGH else 0.0
