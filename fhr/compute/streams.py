"""Streams of random numbers: one for each purpose, seed and place, so that no two purposes draw the same numbers.

NumPy fills a short key with zeros: `default_rng(7)`, `default_rng([7, 0])` and `default_rng([7, 0, 0])` are one stream,
and seeds that are counted up, `seed + repeat`, run into those of the next seed. A key here is a hash of the purpose and
of all numbers, whatever their count.
"""

import hashlib
import json
from typing import TYPE_CHECKING, Literal, get_args

from fhr.errors import FHRError

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Purpose", "seed_of", "stream"]

Purpose = Literal[
    "augmentation of windows",
    "births of a learning curve",
    "births of a recalibration",
    "bootstrap of the training part",
    "cells of a multiscale bootstrap",
    "crops of recordings",
    "directions of projections",
    "drawn labours of kinds",
    "dropout of members",
    "errors of smoothed verdicts",
    "farthest of a kind",
    "features of one kind",
    "folds of a window audit",
    "gap patterns",
    "givers of a permuted control",
    "goodness of fit of a tail",
    "halves of labours for what distinguishes kinds",
    "halves of networks",
    "hidden stretches",
    "inner folds",
    "jitter of a figure",
    "kernels of random convolutions",
    "labels of a calibrated model",
    "labels of a procedure",
    "labels of an external test",
    "labours of a bank",
    "labours of a generator",
    "labours of a pretraining",
    "maternal rate of a threat",
    "members",
    "noise of error directions",
    "order of records",
    "outcomes of synthetic recordings",
    "outer folds",
    "pairs of partial labels",
    "permuted labours of kinds",
    "permuted runs",
    "phases of a synthesis",
    "phases of surrogates",
    "planted defects",
    "records of a calibration curve",
    "records of a figure's band",
    "reference data of one kind",
    "rows of a rebalanced class",
    "segments of resampled labours",
    "sets of surrogates of labours",
    "settings of a sweep",
    "signals of synthetic recordings",
    "slice for early stopping",
    "splits of real records",
    "spoilt windows",
    "starts of attacks",
    "starts of kinds with pairs",
    "starts of kinds",
    "statistics of a copula",
    "steps of an estimator",
    "strips of a passport",
    "surrogates beside a surrogate",
    "surrogates of a query",
    "synthetic rows of a place",
    "ties of p-values",
    "tries to beat a certificate",
    "variance of training",
    "variants of attacks",
    "windows of a learned metric",
    "windows of a null of similarity",
    "windows of a recall",
    "windows that a distance is fitted to",
    "windows that lists are made of",
    "windows that stand for labours",
]
"""Purposes of random numbers in this package, each of one place in its source."""


def stream(seed: int, purpose: Purpose, *numbers: int) -> "np.random.Generator":
    """Generator of one purpose: the same seed, purpose and numbers give the same draws, any others give others.

    The key is SHA-256 of `[purpose, seed, *numbers]`, so that streams of another purpose, or of fewer or more numbers,
    never coincide, nor do they with `numpy.random.default_rng(seed)`.

    Args:
        seed: any integer.
        purpose: one of `Purpose`.
        numbers: integers that tell the streams of one purpose apart: an epoch, a repeat, a fold.

    Raises:
        FHRError: another purpose.

    Example:
        >>> stream(0, "order of records", 1).permutation(4)
        array([2, 0, 1, 3])
    """
    import numpy as np  # here, so that `fhr --help` stays light

    return np.random.default_rng(np.frombuffer(_key(seed, purpose, numbers), dtype="<u4"))


def seed_of(seed: int, purpose: Purpose, *numbers: int) -> int:
    """A seed from 0 to 2**32 - 1 for what takes a number, such as torch or scikit-learn; arguments as of `stream`."""
    return int.from_bytes(_key(seed, purpose, numbers)[:4], "little")


def _key(seed: int, purpose: str, numbers: tuple[int, ...]) -> bytes:
    if purpose not in get_args(Purpose):
        raise FHRError(f"random numbers for {purpose!r}; add the purpose to fhr.compute.streams.Purpose")
    return hashlib.sha256(json.dumps([purpose, int(seed), *map(int, numbers)]).encode()).digest()
