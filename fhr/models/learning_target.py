"""Learning target of acidosis: what a regression learns of the cord blood in place of a label of 0 and 1."""

import numpy as np
import pandas as pd

from fhr.datasets import Target

__all__ = ["learning_target"]

_PH, _BDECF = (6.95, 7.35), (-1.0, 16.0)  # beyond, the nearer end: a few extreme births would lead the regression
_HALF = 0.5
_RARE, _STEP = 7.05, 0.05  # a label of so low a pH is learnt from the births around it too


def learning_target(outcomes: pd.DataFrame, label: str) -> np.ndarray:
    r"""Target (n,) of a regression, larger for births at risk.

    .. math:: t = -z(\mathrm{pH}) + z(\mathrm{BDecf}) / 2

    with pH clipped to 6.95 to 7.35 and base deficit to -1 to 16 mmol/l, z the standard score over these records; an
    unknown base deficit takes their median. A number of pH says more than the side of a threshold it lies on, and most
    of all where few lie on one side. A label of pH below 7.05, or lower, adds half the standard scores of being below
    its threshold c and below c + 0.05; a label that is not a threshold of pH alone, Apgar say, adds half its own.

    Args:
        outcomes: columns of `fhr.recording.Outcome`, one row a training record; pH is known of all.
        label: with its inequality.
    """
    ph, deficit = (outcomes[name].to_numpy(dtype=np.float64) for name in ("ph", "bdecf"))
    if np.isnan(deficit).all():
        deficit = np.zeros(len(ph))
    deficit = np.where(np.isnan(deficit), np.nanmedian(deficit), deficit)
    target = -_standard(np.clip(ph, *_PH)) + _HALF * _standard(np.clip(deficit, *_BDECF))
    asked = Target(label)
    (measure, relation, threshold), *more = asked.conditions
    if more or measure != "ph" or relation not in ("<", "<="):
        known = asked(outcomes).to_numpy()
        return target + _HALF * _standard(np.where(np.isnan(known), np.nanmean(known), known))
    if threshold <= _RARE:
        for least in (threshold, threshold + _STEP):
            target += _HALF * _standard((ph < least).astype(np.float64))
    return target


def _standard(x: np.ndarray) -> np.ndarray:
    if np.ptp(x) == 0:  # the standard deviation of equal numbers need not be 0
        return np.zeros(len(x))
    return np.asarray((x - x.mean()) / x.std())
