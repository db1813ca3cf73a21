"""Morphology columns of a window, as a clinician reads it: baseline, events, contractions, variability."""

import numpy as np

from fhr.morphology import Found, bandwidths, dawes_redman, find_each

from .column import Column

__all__ = ["MORPHOLOGY_COLUMNS", "morphology_features"]

LEAST = 300.0  # s of FHR in a window, and of UC for contractions
HOUR = 3600.0

# Counts and areas are per hour of known signal: a sum over the window would be signal loss again.
MORPHOLOGY_COLUMNS = (
    Column("baseline_mean", "bpm", "mean of the baseline"),
    Column("baseline_min", "bpm", "lowest baseline"),
    Column("baseline_max", "bpm", "highest baseline"),
    Column("accelerations", "1/h", "accelerations per hour of FHR"),
    Column("acceleration_area", "bpm s/h", "area between FHR and baseline in accelerations, per hour of FHR"),
    Column("decelerations", "1/h", "decelerations per hour of FHR"),
    Column("deceleration_area", "bpm s/h", "area between baseline and FHR in decelerations, per hour of FHR"),
    Column("deceleration_depth", "bpm", "depth of the deepest deceleration; 0 without one"),
    Column("deceleration_length", "s", "length of the longest deceleration; 0 without one"),
    Column("contractions", "1/10 min", "contractions per 10 min of UC"),
    Column("stv", "ms", "short-term variation: mean change from one 3.75 s to the next, outside decelerations"),
    Column("ltv", "ms", "long-term variation: mean range of a minute, outside decelerations"),
    Column("bandwidth", "bpm", "median bandwidth of a minute, outside accelerations and decelerations"),
)


def morphology_features(fhr: np.ndarray, uc: np.ndarray, *, fs: float) -> np.ndarray:
    """Compute `MORPHOLOGY_COLUMNS` of each window alone: nothing before or after it is looked at.

    DeepCTG 1.0 takes four of the last 30 min: the lowest and the highest baseline, and the areas of accelerations and
    of decelerations. They are among these columns, the areas per hour of known FHR, the baseline this package's.

    Args:
        fhr: (window, time) cleaned, bpm; NaN is missing.
        uc: (window, time) arbitrary units; NaN is missing.
        fs: sampling rate, Hz.

    Returns:
        float64 (window, len(MORPHOLOGY_COLUMNS)); NaN with less than 5 min of FHR, of UC for the contractions.

    Source:
        Ben M'Barek et al. 2023, Front Pediatr 11:1190441, doi:10.3389/fped.2023.1190441.
    """
    features = np.full((len(fhr), len(MORPHOLOGY_COLUMNS)), np.nan)
    known = np.isfinite(fhr).sum(axis=-1) / fs
    enough = np.flatnonzero(known >= LEAST)
    for i, found in zip(enough, find_each(fhr[enough], uc[enough], fs), strict=True):
        if np.isfinite(found.baseline[np.isfinite(fhr[i])]).any():
            features[i] = _columns(fhr[i], uc[i], fs, found, known[i])
    return features


def _columns(heart: np.ndarray, uterus: np.ndarray, fs: float, found: Found, known: float) -> list[float]:
    level = found.baseline[np.isfinite(heart) & np.isfinite(found.baseline)]  # not in gaps, where it is a guess
    rises, falls = found.accelerations, found.decelerations
    width = bandwidths(heart, found.baseline, fs, rises, falls, found.fhr_uncertain)
    certain = len(uterus) / fs - np.diff(found.uc_uncertain, axis=1).sum()
    return [
        level.mean(),
        level.min(),
        level.max(),
        len(rises.start) * HOUR / known,
        rises.area.sum() * HOUR / known,
        len(falls.start) * HOUR / known,
        falls.area.sum() * HOUR / known,
        falls.amplitude.max(initial=0.0),
        (falls.end - falls.start).max(initial=0.0),
        len(found.contractions.start) * 600 / certain if certain >= LEAST else np.nan,
        *dawes_redman(heart, fs, falls, found.fhr_uncertain),
        float(np.median(width[~np.isnan(width)])) if np.isfinite(width).any() else np.nan,
    ]
