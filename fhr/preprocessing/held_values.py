"""Values that a monitor or recorder held: exactly flat runs beyond what the recorder's resampling explains.

A heart is never exactly flat for long, a recorder is: it repeats each beat until the next, averages, rounds. So how
long a run of one value may be is asked of the recording itself, whatever its rate and rounding. A hold is rare among
runs but long: 16 s of it in 20 min can double the multifractal parameter c2.
"""

import numpy as np

from fhr.errors import FHRError
from fhr.recording import floating

from .true_runs import fill_runs

__all__ = ["held", "hold_threshold", "note_held", "remove_held"]


def held(fhr: np.ndarray, fs: float, *, times: float = 5.0, share: float = 0.95) -> np.ndarray:
    """Flag runs of one value that last longer than the `hold_threshold` of the signal.

    A gap does not end a run, so that a hold that gaps pierce is one; only samples that hold a value count and are
    flagged. The whole run is: where in it the heart's own value ended cannot be told.

    Args:
        fhr: (n,), bpm; NaN is missing.
        fs: sampling rate, Hz.
        times: see `hold_threshold`.
        share: see `hold_threshold`.

    Returns:
        (n,) bool.

    Example:
        >>> beats = np.repeat(np.arange(130.0, 160.0), 2)
        >>> np.flatnonzero(held(np.append(beats, np.full(11, 140.0)), 4.0)).tolist()
        [60, 61, 62, 63, 64, 65, 66, 67, 68, 69, 70]
    """
    fhr = floating(fhr)
    valid, starts, ends = _runs_of_one_value(fhr)
    long = ends - starts > _threshold(ends - starts, times, share)
    mask = np.zeros(len(fhr), dtype=bool)
    mask[valid[fill_runs(starts[long], ends[long], len(valid))]] = True
    return mask


def hold_threshold(fhr: np.ndarray, fs: float, *, times: float = 5.0, share: float = 0.95) -> float:
    """Longest run of one value that the signal's own distribution of run lengths explains, s.

    `times` the longer of two lengths: the one that `share` of the runs do not exceed, and the one that half of the
    samples lie in runs of at most. Where every further sample ends a run with the same chance, a run exceeds five times
    the first with a chance of 0.05^5, and one of the 6,000 runs of a CTU-UHB recording does with 0.2%. The second says
    that flat is no hold where it is the rule: most of a steady or a synthetic strip lies in long runs.

    Holds do not move it unless they are more than one run in 20, or take half of the samples. Of 20 runs or fewer the
    longest sets it, so that nothing is flagged: too few say nothing of what is common. Both numbers are this package's
    choice. Real tails are a little heavier than those of chance: 13% of the CTU-UHB recordings have a longer run.

    Args:
        fhr: (n,), bpm; NaN is missing.
        fs: sampling rate, Hz.
        times: of the length of a common run.
        share: of the runs, 0 to 1.

    Returns:
        0 for a signal without a value.

    Raises:
        FHRError: `times` that is not positive, or a `share` outside 0 to 1; so do the others here.

    Example:
        >>> hold_threshold(np.repeat(np.arange(130.0, 160.0), 2), 4.0)
        2.5
    """
    _, starts, ends = _runs_of_one_value(fhr)
    return _threshold(ends - starts, times, share) / fs


def note_held(fhr: np.ndarray, fs: float, *, times: float = 5.0, share: float = 0.95) -> dict[str, float | int]:
    """Say for the history what `remove_held` does to this signal.

    Returns:
        `threshold_s`: the `hold_threshold`; `longest_kept_s`: the longest run of one value that stays; `removed`: the
        samples that go.
    """
    _, starts, ends = _runs_of_one_value(fhr)
    lengths = ends - starts
    threshold = _threshold(lengths, times, share)
    long = lengths > threshold
    return {
        "threshold_s": threshold / fs,
        "longest_kept_s": float(lengths[~long].max(initial=0) / fs),
        "removed": int(lengths[long].sum()),
    }


def remove_held(fhr: np.ndarray, fs: float, *, times: float = 5.0, share: float = 0.95) -> np.ndarray:
    """Replace `fhr` by NaN where a value is `held`."""
    fhr = floating(fhr)
    return np.where(held(fhr, fs, times=times, share=share), np.nan, fhr).astype(fhr.dtype)


def _runs_of_one_value(fhr: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Positions of the valid samples, and among them the first and one-past-last of each run."""
    fhr = floating(fhr)
    valid = np.flatnonzero(~np.isnan(fhr))
    change = np.ones(len(valid) + 1, dtype=bool)
    change[1:-1] = fhr[valid][1:] != fhr[valid][:-1]
    edges = np.flatnonzero(change)
    return valid, edges[:-1], edges[1:]


def _threshold(lengths: np.ndarray, times: float, share: float) -> float:
    if not (times > 0 and 0 <= share <= 1):
        raise FHRError(f"held values with times={times} and share={share}; give more than 0, and a share from 0 to 1")
    if not len(lengths):
        return 0.0
    ascending = np.sort(lengths)
    samples = np.cumsum(ascending)
    half = ascending[np.searchsorted(samples, samples[-1] / 2)]
    return float(times * max(half, np.quantile(ascending, share, method="higher")))
