"""Band of a calibration curve: how far the curve strays when the held-out records are drawn anew.

Twenty-six positives do not pin a curve down. The bootstrap of the records, through the calibrator that gives the
probability, says how far: probability and interval have one calibration.
"""

from collections.abc import Callable

import numpy as np

from fhr.compute import stream
from fhr.metrics.cox import log_odds
from fhr.metrics.inputs import checked_labels, checked_scores

from .calibrator import Calibrator

__all__ = ["CalibrationBand"]

_Z = 1.959963984540054  # 97.5% of a normal deviate
_LEAST = 1e-12  # a probability of 0 or 1 has no log-odds


class CalibrationBand:
    """95% band of the curve of a calibrator, from refits to resamples of the records that it was fitted to.

    With l_0(s) the log-odds of the curve of all records at the score s and l_b(s) those of resample b, the band reaches

        below: max(1.96 sd_b l_b(s), l_0(s) - 2.5% quantile of l_b(s))
        above: max(1.96 sd_b l_b(s), 97.5% quantile of l_b(s) - l_0(s)).

    The standard deviation alone covers too little where the ridge draws a steep curve to the prevalence, the quantiles
    alone where it is flat; `benchmarks/calibration_band.py` has the coverage of both. It is about the mean outcome of
    births with this score, in a population like that of the records; a curve of another shape than the calibrator's
    is outside of it.

    Args:
        calibrator: its kind and settings are those of the refits.
        scores: (n,), of the records.
        labels: (n,), 0 or 1.
        n_resamples: of the records.
        seed: of the draws.

    Raises:
        FHRError: too few records for a calibrator of this kind.

    Source:
        Efron and Tibshirani 1993, An Introduction to the Bootstrap, chapters 12 and 13.
    """

    def __init__(
        self, calibrator: Calibrator, scores: np.ndarray, labels: np.ndarray, *, n_resamples: int = 200, seed: int = 0
    ) -> None:
        y = checked_labels(labels)
        s = checked_scores(scores, len(y))
        calibrator.check_sample(y)
        n = len(y)
        drawn = stream(seed, "records of a calibration curve").multinomial(n, np.full(n, 1 / n), size=n_resamples)
        counts = np.concatenate([np.ones((1, n), dtype=drawn.dtype), drawn])
        self._curves: Callable[[np.ndarray], np.ndarray] = calibrator.refitted(s, counts, counts * y)

    def reach(
        self, scores: np.ndarray, shift: Callable[[np.ndarray], np.ndarray] | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Reach of the band below and above the curve, in log-odds, each (n,), not negative.

        Args:
            scores: (k, n); the probability of a record is the mean over its k scores.
            shift: of the probabilities, such as to another prevalence.
        """
        curves = np.mean([self._curves(row) for row in scores], axis=0)
        curves = curves[np.isfinite(curves).all(axis=1)]  # a resample of one class has no curve
        odds = log_odds(curves if shift is None else shift(curves), _LEAST)
        whole, drawn = odds[0], odds[1:]
        normal = _Z * drawn.std(axis=0, ddof=1)
        low, high = np.percentile(drawn, [2.5, 97.5], axis=0)
        return np.maximum(normal, whole - low), np.maximum(normal, high - whole)
