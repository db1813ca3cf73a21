"""Fetal heart rate that is false, found before anything is read off it, and how that is said."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from fhr.preprocessing import halved_or_doubled_stretches, mothers_rate, remove_false_signal, runs
from fhr.recording import Recording

from .blocks import NOWHERE
from .findings import Found
from .morphology import Morphology
from .overlap import outside

__all__ = [
    "FALSE_REASONS",
    "FalseStretches",
    "false_minutes",
    "false_stretches",
    "signal_notes",
    "with_false",
]

MOTHER, HALVED, NETWORK = FALSE_REASONS = ("mother's rate", "halved or doubled", "false signal")
_SAID = {
    MOTHER: "FHR runs with the mother's rate for",
    HALVED: "FHR halved or doubled for",
    NETWORK: "false FHR signal for",
}
_SHORTEST = 1.0  # s, the grid on which events are looked for: what is left of a gap beside a false stretch


class FalseStretches(NamedTuple):
    """FHR without what is false, and where that was.

    Attributes:
        fhr: (n,) float32, bpm; NaN is missing or false.
        ranges: (k, 2) start and end, s, in order, disjoint; a gap within a stretch does not divide it.
        reasons: (k,) of `FALSE_REASONS`.
        mhr_known: fraction of the FHR samples beside which MHR holds a value; NaN without FHR.
    """

    fhr: np.ndarray
    ranges: np.ndarray
    reasons: np.ndarray
    mhr_known: float


def false_stretches(
    recording: Recording, false_signal: ArrayLike | None = None, *, threshold: float = 0.5
) -> FalseStretches:
    """Find the false stretches by `mothers_rate`, `halved_or_doubled_stretches` and, where given, a network.

    A sample has one reason, the first of `FALSE_REASONS` that holds.

    Args:
        recording: as it was read.
        false_signal: as in `analyze`.
        threshold: as in `analyze`.

    Raises:
        SignalError: as `analyze`.
        FHRError: as `analyze`.
    """
    fhr, mhr, fs = recording.fhr, recording.mhr, recording.fs
    held = ~np.isnan(fhr)
    masks = [
        np.zeros(len(fhr), dtype=bool) if mhr is None else mothers_rate(fhr, mhr, fs),
        halved_or_doubled_stretches(fhr, fs),
    ]
    if false_signal is not None:
        given = remove_false_signal(recording, np.asarray(false_signal), fhr_threshold=threshold)
        masks.append(held & np.isnan(given.fhr))
    reason = np.zeros(len(fhr), dtype=np.int64)
    for number, mask in reversed(list(enumerate(masks, start=1))):
        reason[mask] = number
    valid = np.flatnonzero(held)
    known = float((~np.isnan(mhr[valid])).mean()) if mhr is not None and len(valid) else 0.0
    if not reason.any():
        return FalseStretches(fhr, NOWHERE, np.empty(0, dtype=object), known if len(valid) else np.nan)
    found = [
        (valid[a] / fs, (valid[b - 1] + 1) / fs, FALSE_REASONS[number - 1])
        for number in range(1, len(masks) + 1)
        for a, b in zip(*runs(reason[valid] == number), strict=True)
    ]
    found.sort()
    ranges = np.array([(start, end) for start, end, _ in found])
    false = np.where(reason > 0, np.nan, fhr).astype(fhr.dtype)
    return FalseStretches(false, ranges, np.array([why for *_, why in found], dtype=object), known)


def with_false(found: Found, false: FalseStretches) -> Found:
    """Put the false stretches beside the other uncertain ones of FHR, which lose what they share with them.

    Args:
        found: in FHR without what is false.
        false: of the same recording.
    """
    if not len(false.ranges):
        return found
    left, of = outside(found.fhr_uncertain, false.ranges)
    whole = (left == found.fhr_uncertain[of]).all(axis=1)
    kept = whole | (left[:, 1] - left[:, 0] >= _SHORTEST)
    ranges = np.concatenate([false.ranges, left[kept]])
    reasons = np.concatenate([false.reasons, found.fhr_reasons[of[kept]]])
    order = np.argsort(ranges[:, 0], kind="stable")
    return found._replace(fhr_uncertain=ranges[order], fhr_reasons=reasons[order])


def false_minutes(morphology: Morphology) -> dict[str, float]:
    """Minutes of the stretches of each of `FALSE_REASONS`."""
    table = morphology.uncertain
    # In NumPy: a sum of pandas takes longer than the baseline's median.
    length = (table["end_s"].to_numpy() - table["start_s"].to_numpy()) / 60
    reasons = table["reason"].to_numpy(dtype=object)
    return {reason: float(length[reasons == reason].sum()) for reason in FALSE_REASONS}


def signal_notes(morphology: Morphology) -> list[str]:
    """Say in words what of FHR was false, and whether the mother's rate can be excluded; empty for nothing to say.

    Example:
        >>> from fhr.morphology import analyze
        >>> rate = np.repeat([140.0, 82.0, 140.0], 2400)
        >>> recording = Recording("one", rate, np.full(7200, np.nan), fs=4.0, mhr=np.full(7200, 80.0))
        >>> signal_notes(analyze(recording))
        ["FHR runs with the mother's rate for 10.0 of 30 min"]
    """
    whole = len(morphology.baseline) / morphology.fs / 60
    minutes = false_minutes(morphology)
    notes = [f"{_SAID[why]} {spent:.1f} of {whole:.0f} min" for why, spent in minutes.items() if spent > 0]
    if morphology.mhr_known == 0:
        notes.append("no MHR: the mother's rate cannot be excluded")
    return notes
