"""Lines on the log-odds of a model, fitted to many samples of births at once.

What a model's probabilities need on other births is an intercept, or an intercept and a slope. Bootstraps and learning
curves fit thousands of them, all samples at once.
"""

import numpy as np
from scipy.special import expit

from .ridge_lines import ridge_lines

__all__ = ["intercepts", "ridge_platt_lines"]

_LARGEST_STEP = 3.0  # log-odds; a full step of Newton may run away where a class is rare
_STEPS = 60


def intercepts(x: np.ndarray, labels: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Intercept a of logit P(y = 1) = a + x with the greatest likelihood in each sample, (m,).

    Args:
        x: (n,) log-odds.
        labels: (n,), 0 or 1.
        counts: (m, n), how often each birth stands in each sample.

    Returns:
        (m,); NaN where a sample holds one class only.
    """
    positives, births = counts @ labels, counts.sum(axis=1)
    both = (positives > 0) & (positives < births)
    found = np.full(len(counts), np.nan)
    a, drawn, observed = np.zeros(int(both.sum())), counts[both].astype(np.float64), positives[both]
    for _ in range(_STEPS):
        p = expit(a[:, None] + x)
        step = (observed - np.sum(drawn * p, axis=1)) / np.sum(drawn * p * (1 - p), axis=1)
        a = a + np.clip(step, -_LARGEST_STEP, _LARGEST_STEP)
        if not step.size or np.abs(step).max() < 1e-9:
            break
    found[both] = a
    return found


def ridge_platt_lines(x: np.ndarray, labels: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Intercept and slope (m, 2) of the line that `RidgePlatt` fits to each sample, on x itself.

    In each sample x is standardised, the slope on it carries the ridge, and a slope below 0 becomes 0.

    Args:
        x: (n,) scores, here log-odds.
        labels: (n,), 0 or 1.
        counts: (m, n), how often each birth stands in each sample.

    Returns:
        (m, 2); NaN where a sample holds one class only.
    """
    centre, spread = float(x.mean()), float(x.std()) or 1.0
    intercept, slope = ridge_lines((x - centre) / spread, counts, counts * labels, penalty=1.0)
    slope = slope / spread
    return np.stack([intercept - slope * centre, slope], axis=1)
