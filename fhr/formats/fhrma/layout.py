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
_HEADERS = (4, 8, 12)
_FIELDS = ("fhr1", "fhr2", "mhr", "clean")  # heart rates
_MAGIC = 1_234_555  # of a recorder
_WRITING, _FINISHED = 1_234_567, 1_234_568  # a third word of files that came as a stream
_EARLIEST = 315_532_800  # 1980: a heart rate in the place of a time gives a day in 1970 or 1971
_ENOUGH, _MANY = 20, 20_000  # samples that say anything about a layout, all that they say; our choice, as the next two
_RIGHT, _WRONG, _BETTER = (
    0.8,
    0.5,
    0.2,
)  # shares of samples: 0.86 to 1, in the wrong layout to 0.16, in the 812 published recordings
_NEAR = 20  # quarters of a bpm from one sample to the next


class Layout(NamedTuple):
    """Place and form of the samples of a file.

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


def layout_of(raw: bytes, path: Path, *, sample_bytes: int | None = None, header_bytes: int | None = None) -> Layout:
    """Layout of a whole file.

    Args:
        raw: its bytes.
        path: of it, with one of the suffixes in `SAMPLE_BYTES`.
        sample_bytes: of a sample, where it is known.
        header_bytes: before the first, where it is known; 0 only then.

    Raises:
        FormatError: no layout fits.
    """
    usual = SAMPLE_BYTES[path.suffix.lower()]
    tried = usual if sample_bytes is None else (sample_bytes,)
    headers = _HEADERS if header_bytes is None else (header_bytes,)
    found = {n: Layout(_sample(n), *header) for n in tried if (header := _header(raw, n, headers)) is not None}
    chosen = first = found.get(tried[0])
    others = [found[n] for n in tried[1:] if n in found]
    least = _RIGHT if first is None or not others else max(_RIGHT, (_goes_on(raw, first) or 0) + _BETTER)
    for layout in others if least <= 1 else ():
        if (_goes_on(raw, layout) or 0) >= least:
            chosen = layout._replace(is_guess=True)
    if chosen is None:
        sizes = " or ".join(map(str, tried))
        bare = any(raw and len(raw) % n == 0 for n in tried)
        other = f", or give sample_bytes={others[0].sample.itemsize} if it has so many" if others else ""
        other += ", or give header_bytes=0 if it has no header" if bare and header_bytes is None else ""
        raise FormatError(
            f"{path}: {len(raw)} bytes; a {path.suffix} file holds a header of {' or '.join(map(str, headers))} bytes "
            f"with its date or 0, then one or more samples of {sizes}; it is truncated, still being written or has "
            f"another suffix, fetch it again{other}"
        )
    if header_bytes is None and _may_be_shifted(raw, chosen):
        raise FormatError(
            f"{path}: {len(raw)} bytes ask for a header of {chosen.header_bytes} bytes, and the heart rates go on no "
            f"better than after {12 - chosen.header_bytes}; it is truncated, fetch it again, or give "
            f"header_bytes={chosen.header_bytes} if it is whole"
        )
    return chosen


def _sample(n_bytes: int) -> np.dtype:
    rates = ["fhr1", "fhr2", "mhr"][: _RATES[n_bytes]]
    analysed = [("clean", _RATE), ("baseline", _RATE)] if n_bytes in (10, 12) else []
    return np.dtype([*((name, _RATE) for name in rates), ("toco", "u1"), ("quality", "u1"), *analysed])


def _header(raw: bytes, sample_bytes: int, headers: tuple[int, ...]) -> tuple[int, int] | None:
    """Length of the header before samples of so many bytes, and its date; None where there is no such header."""
    first, second, third = _words(raw)
    dates = {0: 0, 4: first, 8: second or first, 12: second}
    is_one = {
        0: True,
        4: first != _MAGIC and second < _EARLIEST,
        8: (first in (0, _MAGIC) and _is_date(second)) or (second == 0 and first != _MAGIC),
        12: first in (0, _MAGIC) and _is_date(second) and third in (_WRITING, _FINISHED),
    }
    if first == _MAGIC:
        dates[8] = second
    for n in sorted(headers, reverse=True):
        if is_one[n] and len(raw) > n and (len(raw) - n) % sample_bytes == 0:
            return n, dates[n]
    return None


def _words(raw: bytes) -> tuple[int, int, int]:
    first, second, third = (int.from_bytes(raw[i : i + 4], "little") for i in (0, 4, 8))
    return first, second, third


def _may_be_shifted(raw: bytes, layout: Layout) -> bool:
    """True where the second word, 0, may be two heart rates as well as part of a header, and these speak for that."""
    first, second, _ = _words(raw)
    if layout.header_bytes == 12 or second != 0 or first == _MAGIC or (here := _goes_on(raw, layout)) is None:
        return False
    there = _goes_on(raw, layout._replace(header_bytes=12 - layout.header_bytes)) or 0.0
    if layout.header_bytes == 4:
        return here < _WRONG and there >= _RIGHT
    return here < _WRONG or there > here - _BETTER


def _is_date(word: int) -> bool:
    return word == 0 or word >= _EARLIEST


def _goes_on(raw: bytes, layout: Layout) -> float | None:
    """Share of the samples with a heart rate whose next is within 5 bpm; None where there are too few.

    In an analysis most fields go on. There it is the share whose cleaned heart rate is within 5 bpm, and of the
    samples with a baseline that goes on.
    """
    whole = (len(raw) - layout.header_bytes) // layout.sample.itemsize
    samples = np.frombuffer(raw, layout.sample, count=max(whole, 0), offset=layout.header_bytes)
    for looked_at in (samples[:_MANY], samples):
        rates = {name: looked_at[name].astype(np.int32) for name in _FIELDS if name in (layout.sample.names or ())}
        if (clean := rates.get("clean")) is not None:
            baseline = looked_at["baseline"].astype(np.int32)
            pairs = [(np.maximum(rates["fhr1"], rates["fhr2"]), clean), (baseline[:-1], baseline[1:])]
        else:
            pairs = [(rate[:-1], rate[1:]) for rate in rates.values()]
        n = sum(int((one > 0).sum()) for one, _ in pairs)
        near = sum(int(((one >= 80) & (one <= 1000) & (np.abs(other - one) <= _NEAR)).sum()) for one, other in pairs)
        if n >= _ENOUGH:
            return near / n
    return None
