"""Table of statistics on which measured and synthetic recordings are compared, whatever made them."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

import numpy as np
import pandas as pd

from fhr.errors import FHRError
from fhr.features import SIGNAL_GROUPS, Column, FeatureSet
from fhr.recording import Recording, named_once

__all__ = ["STATISTICS", "STATISTIC_FAMILIES", "signal_statistics", "window_statistics"]

_AT_ONCE = 16  # recordings; more leave the cache

COMPUTED = FeatureSet(
    groups=(
        "multiscale",
        "morphology",
        "order_statistics",
        "band_amplitudes",
        "modulation",
        "event_statistics",
        *SIGNAL_GROUPS,
    ),
    minutes=60,
)
_FAMILY_OF_GROUP = {
    "multiscale": "multiscale",
    "scale_cumulants": "multiscale",
    "cross_channel": "cross-channel",
    "octave_spectra": "spectra",
    "band_amplitudes": "spectra",
    "modulation": "cross-scale",
    "increments": "asymmetry",
    "order_statistics": "order statistics",
    "activity_quantiles": "order statistics",
    "morphology": "morphology",
    "event_statistics": "morphology",
    "coupling": "coupling",
    "gap_pattern": "loss",
}
# Of groups over nested parts of the hour: the whole, and its end, where labours change, of what changes most.
_PARTS = {
    "order_statistics": ("_60", "_20"),
    "event_statistics": ("_60", "_20"),
    "band_amplitudes": ("_60",),
    "modulation": ("_60",),
}
_OTHER_FAMILIES = {  # of the columns of a group whose names begin so
    "event_statistics": (("lag_", "late_", "answered_"), "coupling"),
    "band_amplitudes": (("tails_", "asymmetry_"), "asymmetry"),
}


def _kept(name: str, group: str) -> bool:
    parts = _PARTS.get(group)
    return parts is None or (name.endswith(parts) and not name.endswith(("first_20", "second_20")))


def _family(name: str, group: str) -> str:
    begins, other = _OTHER_FAMILIES.get(group, ((), ""))
    return other if name.startswith(begins) else _FAMILY_OF_GROUP[group]


_PLACES = [
    i for i, (name, group) in enumerate(zip(COMPUTED.names, COMPUTED.column_groups, strict=True)) if _kept(name, group)
]

STATISTICS: tuple[Column, ...] = tuple(COMPUTED.columns[i] for i in _PLACES)
"""Name, unit and description of each column of `signal_statistics`."""
STATISTIC_FAMILIES: Mapping[str, str] = {
    COMPUTED.names[i]: _family(COMPUTED.names[i], COMPUTED.column_groups[i]) for i in _PLACES
}
"""Family of each column by its name: multiscale, cross-scale, cross-channel, spectra, asymmetry (and tails, of
increments and bands), order statistics, morphology, coupling, loss."""


def window_statistics(fhr: np.ndarray, uc: np.ndarray) -> np.ndarray:
    """Compute `STATISTICS` of cleaned windows of 60 min at 4 Hz.

    Args:
        fhr: (window, 14400) bpm; NaN is missing.
        uc: (window, 14400) in units of the belt; NaN is missing.

    Returns:
        float64 (window, len(STATISTICS)); NaN where a window has too little signal for one.

    Raises:
        FHRError: windows of another shape.
    """
    fhr, uc = np.asarray(fhr, dtype=np.float64), np.asarray(uc, dtype=np.float64)
    n = round(COMPUTED.minutes * 60 * COMPUTED.fs)
    if fhr.ndim != 2 or fhr.shape != uc.shape or fhr.shape[1] != n:
        raise FHRError(f"fhr has shape {fhr.shape}, uc {uc.shape}; give both as (window, {n}), 60 min at 4 Hz")
    found = np.empty((len(fhr), len(STATISTICS)))
    for start in range(0, len(fhr), _AT_ONCE):
        rows = slice(start, start + _AT_ONCE)
        found[rows] = COMPUTED.compute(fhr[rows], uc[rows])[:, _PLACES]
    return found


def signal_statistics(recordings: Iterable[Recording]) -> pd.DataFrame:
    """Tabulate `STATISTICS` of the last 60 min of each recording, measured or synthetic alike.

    FHR is cleaned (`fhr.preprocessing.DEFAULT_STEPS`), UC taken as it is, and no gap is bridged but within spectra.
    Which statistics matter is not assumed: log-cumulants and cumulants scale by scale, spectra, the modulation of one
    scale by another, the coupling of both channels by scale and by lag, the skewness of increments, order statistics,
    events and lost signal all stand here, in families of unlike size (`STATISTIC_FAMILIES`); what compares tables may
    weigh them alike, as `Embedding` does.

    Args:
        recordings: at 4 Hz or a multiple of it, of 60 min or more; any iterable, read once.

    Returns:
        Index `record` (names), float64 columns named by `STATISTICS`; NaN where a recording has too little signal.

    Raises:
        SignalError: a recording that is too short, or at another rate.
        FHRError: two recordings of the same name.

    >>> from fhr.simulation import simulate
    >>> table = signal_statistics(simulate(2, seed=1))
    >>> table.shape == (2, len(STATISTICS)), bool(table["increment_skewness_5s"].notna().all())
    (True, True)
    """
    names: list[str] = []
    parts = [np.empty((0, len(STATISTICS)))]
    windows = _windows(recordings)
    while chunk := list(islice(windows, _AT_ONCE)):
        names += [name for name, _, _ in chunk]
        parts.append(window_statistics(*(np.stack([one[i] for one in chunk]) for i in (1, 2))))
    index = pd.Index(names, name="record", dtype=object)
    return pd.DataFrame(np.concatenate(parts), index, [column.name for column in STATISTICS])


def _windows(recordings: Iterable[Recording]) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    for recording in named_once(recordings):
        cut = COMPUTED.windows(recording)
        yield recording.name, cut.fhr[0], cut.uc[0]
