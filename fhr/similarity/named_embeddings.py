"""Embeddings by name: the raw signals, and what the features of this package say of a window."""

from collections.abc import Callable, Mapping
from functools import partial
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fhr.errors import FHRError
from fhr.features import FeatureSet
from fhr.multiscale import analyze

from .coarse_signals import UC_WEIGHT, coarse_signals
from .embedding import Embedding
from .labour_windows import LabourWindows
from .sliced_wasserstein import sliced_wasserstein

__all__ = ["EMBEDDINGS", "embedding_from", "feature_embedding", "of_feature_set", "raw_signals"]

_EVERY = 4.0  # s of a mean of raw signals
_COARSEST = 9  # scale of log-leaders, 64 to 256 s at 4 Hz
_FEWEST = 6  # leaders at a scale
_FILTER = 6  # of db3


def raw_signals(minutes: float, every: float = _EVERY) -> Embedding:
    """Means of stretches of both signals: FHR in bpm, UC times `UC_WEIGHT`; a stretch that is half missing is missing.

    Args:
        minutes: length of the windows.
        every: length of a stretch, s.
    """
    settings = (("every", every), ("uc_weight", UC_WEIGHT))
    return Embedding(partial(_means, every=every), "raw", "bpm", missing=True, settings=settings)


def _means(windows: LabourWindows, every: float) -> np.ndarray:
    return coarse_signals(windows, 1 / every)


def feature_embedding(name: str, groups: tuple[str, ...], minutes: float, *, alone: bool = False) -> Embedding:
    """Groups of features of a window, as `fhr features` has them; each is a block.

    Args:
        name: of the embedding.
        groups: of `fhr.features.FeatureSet`.
        minutes: length of the windows.
        alone: whether they tell of the distribution of the samples alone.

    Raises:
        FHRError: windows that are too short for a group.
    """
    features = FeatureSet(groups=groups, minutes=minutes)
    features.check()
    return of_feature_set(name, features, alone=alone)


def of_feature_set(name: str, features: FeatureSet, *, alone: bool = False) -> Embedding:
    """The features of a set, each group a block."""
    blocks = tuple(len(list(columns)) for _, columns in groupby(features.column_groups))
    settings = (("features", features.checksum),)
    function = partial(_features, features=features)
    known: dict[str, Any] = {
        "minutes": features.minutes,
        "missing": True,
        "amplitudes_alone": alone,
        "settings": settings,
    }
    return Embedding(function, name, "", features.fs, blocks, **known)


def _features(windows: LabourWindows, features: FeatureSet) -> np.ndarray:
    if windows.channels != ("fhr", "uc"):
        raise FHRError(f"features of channels {', '.join(windows.channels)}; they are computed of fhr and uc")
    fhr, uc = (windows.signal[:, i].astype(np.float64) for i in range(2))
    return features.compute(fhr, uc)


def log_leaders(minutes: float) -> Embedding:
    """Means and variances of the log-leaders at each scale, a curve a channel and cumulant; 0.75 s and slower."""
    coarsest = int(np.log2((minutes * 60 * 4 + 4) / (_FEWEST + _FILTER)))
    if coarsest < 4:
        raise FHRError(f"log-leaders of windows of {minutes:g} min; they need 1 min or more")
    j2 = min(coarsest, _COARSEST)
    return Embedding(partial(_log_leaders, j2=j2), "log_leaders", missing=True, settings=(("j2", j2),))


def _log_leaders(windows: LabourWindows, j2: int) -> np.ndarray:
    import torch

    n, channels = windows.signal.shape[:2]
    found = np.full((n * channels, 2, j2 - 2), np.nan)
    flat = windows.signal.reshape(n * channels, -1).astype(np.float64)
    some = ~np.isnan(flat).all(axis=1)  # `analyze` refuses a batch without a sample
    if some.any():
        found[some] = analyze(torch.from_numpy(flat[some]), fs=windows.fs, j1=3, j2=j2, n_cumulants=2).cumulants.numpy()
    return found.reshape(n, channels * 2, -1)


_KERNEL_GROUPS = (
    "order_statistics",
    "wide_quantiles",
    "band_amplitudes",
    "modulation",
    "capacities",
    "event_statistics",
)

EMBEDDINGS: Mapping[str, Callable[[float], Embedding]] = {
    "kernel": partial(feature_embedding, "kernel", _KERNEL_GROUPS),
    "log_leaders": log_leaders,
    "morphology": partial(feature_embedding, "morphology", ("morphology",)),
    "order_statistics": partial(feature_embedding, "order_statistics", ("order_statistics",)),
    "raw": raw_signals,
    "scattering": partial(feature_embedding, "scattering", ("scattering",)),
    "sliced_wasserstein": sliced_wasserstein,
}
"""Embeddings by name, each a function of the length of the windows, min: the groups of the kernel line, curves of
log-leaders, morphology, order statistics, raw signals, scattering, and sliced Wasserstein."""


def embedding_from(given: str | Embedding | Callable[[LabourWindows], ArrayLike], minutes: float) -> Embedding:
    """The embedding of a name of this package, or of a function of one's own.

    Args:
        given: name of an `EMBEDDINGS`, an `Embedding`, or a function from `LabourWindows` at 4 Hz to vectors.
        minutes: length of the windows, on which the columns of features depend.

    Raises:
        FHRError: an unknown name, or what is no function.
    """
    if isinstance(given, Embedding):
        return given
    if not isinstance(given, str):
        return Embedding(given)
    if given not in EMBEDDINGS:
        raise FHRError(f"embedding {given!r} is not known; choose from {', '.join(sorted(EMBEDDINGS))}")
    return EMBEDDINGS[given](minutes)
