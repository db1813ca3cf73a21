"""Planted defects: real windows or rows, spoilt in one respect, that an index of fidelity should find.

Those of windows take FHR and UC (n, time), NaN is missing, and give new arrays; those of rows take and give (n, d).
"""

import numpy as np

from fhr.errors import FHRError

__all__ = [
    "copied",
    "flipped",
    "gaps_bridged",
    "lost_twice",
    "other_uc",
    "repeated",
    "resampled",
    "reversed_blocks",
    "shrunk",
]

_Windows = tuple[np.ndarray, np.ndarray]


def other_uc(fhr: np.ndarray, uc: np.ndarray, generator: np.random.Generator) -> _Windows:
    """No lag: each FHR with the uterine activity of another record."""
    return fhr, uc[_others(len(fhr), generator)]


def flipped(fhr: np.ndarray, uc: np.ndarray) -> _Windows:
    """No asymmetry of size: FHR mirrored at its median, so that decelerations rise."""
    return 2 * np.nanmedian(fhr, axis=-1, keepdims=True) - fhr, uc


def reversed_blocks(fhr: np.ndarray, uc: np.ndarray, samples: int) -> _Windows:
    """No asymmetry in time: FHR reversed within blocks of so many samples, its trend as it was."""
    whole = _whole(fhr.shape[-1], samples)
    blocks = fhr[..., fhr.shape[-1] - whole :].reshape(*fhr.shape[:-1], -1, samples)[..., ::-1]
    return np.concatenate([fhr[..., : fhr.shape[-1] - whole], blocks.reshape(*fhr.shape[:-1], whole)], axis=-1), uc


def gaps_bridged(fhr: np.ndarray, uc: np.ndarray) -> _Windows:
    """No loss: straight lines across the gaps of FHR; a window without any signal stays as it is."""
    bridged, t = fhr.copy(), np.arange(fhr.shape[-1])
    for row in bridged:
        measured = ~np.isnan(row)
        if measured.any():
            row[:] = np.interp(t, t[measured], row[measured])
    return bridged, uc


def lost_twice(fhr: np.ndarray, uc: np.ndarray, generator: np.random.Generator) -> _Windows:
    """Too much loss: gaps of another record's FHR beside its own."""
    return np.where(np.isnan(fhr[_others(len(fhr), generator)]), np.nan, fhr), uc


def resampled(fhr: np.ndarray, uc: np.ndarray, n: int, samples: int, generator: np.random.Generator) -> _Windows:
    """Resampled stretches: n windows put together from stretches of so many samples, each from any place of any window.

    FHR and UC of a stretch belong together. What stretches leave of a window's length is cut off its beginning.
    """
    length = fhr.shape[-1]
    _whole(length, samples)
    count = -(-length // samples)
    rows = generator.integers(len(fhr), size=(n, count, 1))
    places = generator.integers(length - samples + 1, size=(n, count, 1)) + np.arange(samples)
    made = (signal[rows, places].reshape(n, -1)[:, count * samples - length :] for signal in (fhr, uc))
    return next(made), next(made)


def shrunk(rows: np.ndarray, factor: float = 0.8) -> np.ndarray:
    """Too little variance: every column drawn towards its mean by `factor`."""
    mean = np.nanmean(rows, axis=0)
    return np.asarray(mean + factor * (rows - mean))


def repeated(rows: np.ndarray) -> np.ndarray:
    """Half of the modes: the first half of the rows in place of all, each twice."""
    return rows[np.arange(len(rows)) % -(-len(rows) // 2)]


def copied(training: np.ndarray, n: int, noise: float, generator: np.random.Generator) -> np.ndarray:
    """Memorised: n of the training rows, each once, with noise in units of the columns' spread."""
    if n > len(training):
        raise FHRError(f"{n} copies of {len(training)} training rows; ask for as many at most")
    rows = training[generator.permutation(len(training))[:n]]
    return np.asarray(rows + noise * np.nanstd(training, axis=0) * generator.standard_normal(rows.shape))


def _others(n: int, generator: np.random.Generator) -> np.ndarray:
    """Positions of another record for each of n: the next one of a random circle."""
    if n < 2:
        raise FHRError("one record alone; another record's signal needs at least two")
    circle = generator.permutation(n)
    other = np.empty(n, dtype=np.intp)
    other[circle] = np.roll(circle, 1)
    return other


def _whole(length: int, samples: int) -> int:
    if not 1 <= samples <= length:
        raise FHRError(f"blocks of {samples} samples in windows of {length}; give 1 to {length}")
    return length // samples * samples
