"""Lines of many ridge-Platt fits at once: one set of scores, many resamples or redrawn labels.

Bootstraps of a calibration curve and the null of a calibration test fit thousands of lines to the same scores. One
Newton iteration on all of them takes milliseconds where a solver for each takes seconds.
"""

import numpy as np
from scipy.special import expit, log_expit, logit

__all__ = ["ridge_lines"]

_STEPS = 100
_WHOLE_STEPS = 12
_SHORT = 1e-9


def ridge_lines(z: np.ndarray, counts: np.ndarray, events: np.ndarray, penalty: float) -> np.ndarray:
    """Intercept and slope, (2, m), of the fit of `RidgePlatt` to each of m samples of the same scores.

    Row k minimises sum_i counts_ki (log-loss of record i) + penalty / 2 (slope * scale_k)^2, where scale_k is the
    standard deviation of the scores in sample k: the ridge weighs the slope of the score that is standardised within
    the sample, as in a fit to that sample alone. A slope below zero becomes zero, with the prevalence as probability.

    Args:
        z: (n,), scores of about unit size, such as standardised ones.
        counts: (m, n), how often sample k holds record i.
        events: (m, n), how many of these are positive.
        penalty: weight of the ridge, above 0.

    Returns:
        Intercept and slope in units of z: log-odds = intercept + slope * z. NaN for a sample of one class.

    Source:
        See `RidgePlatt`.
    """
    drawn, positive = np.asarray(counts, dtype=np.float64), np.asarray(events, dtype=np.float64)
    total, n_positive = drawn.sum(axis=1), positive.sum(axis=1)
    lines = np.full((2, len(drawn)), np.nan)
    active = np.flatnonzero((n_positive > 0) & (n_positive < total))
    mean = drawn @ z / np.maximum(total, 1)
    ridge = penalty * np.maximum(drawn @ z**2 / np.maximum(total, 1) - mean**2, 0)
    lines[0, active], lines[1, active] = logit(n_positive[active] / total[active]), 0.0
    flat = lines.copy()
    # A line rises where the positives' mean score is the higher: the slope at zero has the sign of this difference.
    rising = positive @ z - n_positive * mean > 0
    active = active[rising[active] & (ridge[active] > 0)]
    powers = np.stack([np.ones_like(z), z, z * z], axis=1)
    lines[:, active] = _minimum(z, powers, drawn[active], positive[active], ridge[active], lines[:, active])
    failed = ~np.isfinite(lines).all(axis=0) | (lines[1] < 0)
    lines[:, failed] = flat[:, failed]
    return lines


def _minimum(
    z: np.ndarray, powers: np.ndarray, drawn: np.ndarray, positive: np.ndarray, ridge: np.ndarray, start: np.ndarray
) -> np.ndarray:
    """Newton's method on every row at once; the loss is convex, so that it ends at its minimum.

    Rows begin at the line of their mean sample and take whole steps. A row that does not arrive by these takes steps
    from its own start that are halved until they do not raise the loss, which costs twice as much.
    """
    if len(drawn) > 1:
        mean_drawn, mean_positive, mean_ridge = (rows.mean(axis=0, keepdims=True) for rows in (drawn, positive, ridge))
        of_mean = _minimum(z, powers, mean_drawn, mean_positive, mean_ridge, start[:, :1])
        line, arrived = _whole_steps(z, powers, drawn, positive, ridge, np.repeat(of_mean, len(drawn), axis=1))
    else:
        line, arrived = _whole_steps(z, powers, drawn, positive, ridge, start)
    if not arrived.all():
        rest = ~arrived
        line[:, rest] = _halved_steps(z, powers, drawn[rest], positive[rest], ridge[rest], start[:, rest])
    return line


def _whole_steps(
    z: np.ndarray, powers: np.ndarray, drawn: np.ndarray, positive: np.ndarray, ridge: np.ndarray, start: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Lines after Newton's whole steps, and which of them have arrived."""
    line, arrived = start.copy(), np.zeros(len(drawn), dtype=bool)
    active, observed = np.arange(len(drawn)), positive @ powers[:, :2]
    for _ in range(_WHOLE_STEPS):
        step = _newton_step(z, powers, drawn, observed, ridge, line[:, active])
        line[:, active] += step
        length = np.abs(step).max(axis=0)
        arrived[active[length < _SHORT]] = True
        rest = length >= _SHORT  # not of a row that ran away to NaN
        if not rest.any():
            break
        if not rest.all():
            active, drawn, observed, ridge = active[rest], drawn[rest], observed[rest], ridge[rest]
    return line, arrived


def _halved_steps(
    z: np.ndarray, powers: np.ndarray, drawn: np.ndarray, positive: np.ndarray, ridge: np.ndarray, start: np.ndarray
) -> np.ndarray:
    """Lines after Newton's steps, each halved until it does not raise the loss."""
    line, active = start.copy(), np.arange(len(drawn))
    observed, loss = positive @ powers[:, :2], _loss(z, drawn, positive, ridge, start)
    for _ in range(_STEPS):
        if not len(active):
            break
        step = _newton_step(z, powers, drawn[active], observed[active], ridge[active], line[:, active])
        for _ in range(30):
            there = _loss(z, drawn[active], positive[active], ridge[active], line[:, active] + step)
            worse = ~(there <= loss[active] + 1e-9)
            if not worse.any():
                break
            step[:, worse] /= 2
        line[:, active] += step
        loss[active] = there
        active = active[np.abs(step).max(axis=0) >= _SHORT]
    return line


def _newton_step(
    z: np.ndarray, powers: np.ndarray, drawn: np.ndarray, observed: np.ndarray, ridge: np.ndarray, line: np.ndarray
) -> np.ndarray:
    intercept, slope = line
    p = expit(intercept[:, None] + slope[:, None] * z)
    expected = drawn * p
    g0, g1 = (observed - expected @ powers[:, :2]).T
    g1 = g1 - ridge * slope
    h00, h01, h11 = ((expected * (1 - p)) @ powers).T
    h11 = h11 + ridge
    with np.errstate(all="ignore"):  # a row that runs away by whole steps ends as NaN
        determinant = h00 * h11 - h01 * h01
        return np.stack([(h11 * g0 - h01 * g1) / determinant, (h00 * g1 - h01 * g0) / determinant])


def _loss(z: np.ndarray, drawn: np.ndarray, positive: np.ndarray, ridge: np.ndarray, line: np.ndarray) -> np.ndarray:
    odds = line[0][:, None] + line[1][:, None] * z
    # log(1 - p) = log(p) - odds
    likelihood = (drawn * log_expit(odds) - (drawn - positive) * odds).sum(axis=1)
    return np.asarray(ridge / 2 * line[1] ** 2 - likelihood)
