"""Lines on the log-odds of a model, fitted to many samples of births at once.

What a model's probabilities need on other births is an intercept, or an intercept and a slope. Bootstraps and learning
curves fit thousands of them, so that all samples go through one Newton iteration.
"""

import numpy as np
from scipy.special import expit, logit

__all__ = ["intercepts", "log_odds", "ridge_lines"]

_SMALLEST = 1e-6  # log-odds of +-13.8: keeps a probability of exactly 0 or 1 finite
_LARGEST_STEP = 3.0  # log-odds; a full step of Newton may run away where a class is rare
_STEPS = 60


def log_odds(probabilities: np.ndarray) -> np.ndarray:
    """Log-odds of probabilities, which are clipped to [1e-6, 1 - 1e-6]."""
    return np.asarray(logit(np.clip(probabilities, _SMALLEST, 1 - _SMALLEST)))


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


def ridge_lines(x: np.ndarray, labels: np.ndarray, counts: np.ndarray, penalty: float = 1.0) -> np.ndarray:
    """Intercept and slope (m, 2) of the line that `RidgePlatt` fits to each sample, on x itself.

    In each sample x is standardised, the slope on it carries the ridge, and a slope below 0 becomes 0.

    Args:
        x: (n,) scores, here log-odds.
        labels: (n,), 0 or 1.
        counts: (m, n), how often each birth stands in each sample.
        penalty: weight of the ridge.

    Returns:
        (m, 2); NaN where a sample holds one class only.
    """
    births = counts.sum(axis=1)
    share = counts @ labels / np.maximum(births, 1)
    mean = counts @ x / np.maximum(births, 1)
    away = x - mean[:, None]
    scale = np.sqrt(np.sum(counts * away**2, axis=1) / np.maximum(births, 1))
    scale = np.where(scale > 1e-12, scale, 1.0)
    both = (share > 0) & (share < 1)
    start = logit(share[both])
    c, s = start.copy(), np.zeros(len(start))
    z, drawn = (away / scale[:, None])[both], counts[both].astype(np.float64)
    for _ in range(_STEPS):
        p = expit(c[:, None] + s[:, None] * z)
        off, weight = drawn * (labels - p), drawn * p * (1 - p)
        g0, g1 = off.sum(axis=1), np.sum(off * z, axis=1) - penalty * s
        h00, h01 = weight.sum(axis=1), np.sum(weight * z, axis=1)
        h11 = np.sum(weight * z * z, axis=1) + penalty
        determinant = h00 * h11 - h01**2
        steps = np.array([h11 * g0 - h01 * g1, h00 * g1 - h01 * g0]) / determinant
        up, along = np.clip(steps, -_LARGEST_STEP, _LARGEST_STEP)
        c, s = c + up, s + along
        if not steps.size or np.abs(steps).max() < 1e-9:
            break
    c, s = np.where(s < 0, start, c), np.maximum(s, 0.0)
    found = np.full((len(counts), 2), np.nan)
    found[both] = np.stack([c - s * mean[both] / scale[both], s / scale[both]], axis=1)
    return found
