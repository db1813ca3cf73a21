"""Null of the calibration tests of a cross-validation: the procedure itself, on labels drawn anew.

Every tested record helped to calibrate the folds that it is pooled with. Prevalence and slope of pooled out-of-fold
probabilities are tied to the labels that test them, so that the textbook null (independent probabilities, chi-squared)
is far too wide: under a calibrated procedure it rejects next to never. Labels are redrawn, the cross-fitting is done
again on the stored scores, and p-values and intervals come from that; births are drawn anew too, for the chance by
which stored scores stray from calibration. Of a single repeat each redraw is redrawn once more, which shows where the
joint test is too careful (the fast double bootstrap).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import root
from scipy.special import expit

from fhr.calibration import Calibrator, RidgePlatt
from fhr.calibration.averaging import averaging, between_inner_folds
from fhr.calibration.ridge_lines import ridge_lines
from fhr.compute import stream
from fhr.errors import FHRError
from fhr.metrics import Interval
from fhr.metrics.calibration_error import calibration_errors
from fhr.metrics.cox import calibration_lines, lines_by_row, log_odds
from fhr.metrics.resampling import drawn_counts

from .redrawn_labels import redrawn_labels

__all__ = ["STATISTICS", "CalibrationNull", "StoredFold", "calibration_metrics", "calibration_null", "stored_folds"]

STATISTICS = ("calibration_slope", "calibration_intercept", "cox", "ece")
"""What the null is of: slope and intercept of the calibration line, twice its gain in log-likelihood, and the ECE."""

_MANY = 1000  # labels of a record whose mean is its probability but for rounding
_LEAST = 1e-9
_FARTHEST = 3.0  # a slope that is not within this factor of the middle is of scores that say nothing


class StoredFold(NamedTuple):
    """Stored scores of one outer fold, as arrays.

    Attributes:
        repeat: of the outer folds.
        held_out: (n,), positions of the held-out records.
        known: (n,), their scores, mean over members.
        tested: (q,), positions of the test records.
        by_inner: (inner fold, q), their scores, mean over members.
    """

    repeat: int
    held_out: np.ndarray
    known: np.ndarray
    tested: np.ndarray
    by_inner: np.ndarray


class CalibrationNull(NamedTuple):
    """Statistics of a cross-validation, and their distribution under a calibrated procedure.

    Attributes:
        observed: (4,), mean over repeats of each of `STATISTICS`.
        drawn: (4, m), of the redraws; only those with a finite calibration line in every repeat.
        redrawn: (4, m'), of one redraw of each of these; of several repeats (4, 0).
        n_redraws: how many labels were drawn, those without such a line included.
    """

    observed: np.ndarray
    drawn: np.ndarray
    redrawn: np.ndarray
    n_redraws: int

    def p_value(self, statistic: str = "cox") -> float:
        """P-value (1 + #{draws as extreme}) / (1 + m); of slope and intercept two-sided, of the others upwards.

        Of a single repeat the p-value of `cox` is that of the fast double bootstrap where this is the smaller one: the
        share of draws above the value that stands among the redraws of redraws where the observed one stands among the
        draws. The larger one is not taken: redraws of redraws are too small where the form of the calibrator is wrong
        (scores of heavy tails), which would be hidden.

        NaN where the statistic is undefined, or where fewer than half of the redraws have a calibration line.
        """
        i = STATISTICS.index(statistic)
        value, draws, again = self.observed[i], self.drawn[i], self.redrawn[i]
        if not np.isfinite(value) or 2 * len(draws) < self.n_redraws:
            return np.nan
        above, below = 1 + np.count_nonzero(draws >= value), 1 + np.count_nonzero(draws <= value)
        if statistic == "cox" and 2 * len(again) >= self.n_redraws:
            there = np.quantile(again, np.mean(draws < value), method="higher")
            above = min(above, 1 + np.count_nonzero(draws >= there))
        extreme = above if statistic in ("cox", "ece") else 2 * min(above, below)
        return float(min(1.0, extreme / (1 + len(draws))))

    def interval(self, statistic: str) -> tuple[float, float]:
        """Interval that holds 95% of the draws; NaN where the p-value is."""
        if 2 * self.drawn.shape[1] < self.n_redraws:
            return np.nan, np.nan
        low, high = np.percentile(self.drawn[STATISTICS.index(statistic)], [2.5, 97.5])
        return float(low), float(high)


def calibration_metrics(null: CalibrationNull) -> dict[str, Interval]:
    """Results of the calibration tests under the names of the other metrics.

    Returns:
        cox_p: p-value of slope 1 and intercept 0 under the procedure's own null, in place of chi-squared;
        calibration_slope_null, calibration_intercept_null and ece_null: median and 95% interval of what a calibrated
        procedure would give; calibration_slope_p, calibration_intercept_p and ece_p: p-values of each alone.
    """
    found = {"cox_p": Interval(null.p_value("cox"), np.nan, np.nan)}
    for statistic in ("calibration_slope", "calibration_intercept", "ece"):
        low, high = null.interval(statistic)
        middle = np.nan if np.isnan(low) else float(np.median(null.drawn[STATISTICS.index(statistic)]))
        found[f"{statistic}_null"] = Interval(middle, low, high)
        found[f"{statistic}_p"] = Interval(null.p_value(statistic), np.nan, np.nan)
    return found


def stored_folds(kept: Mapping[tuple[int, int], pd.DataFrame], labels: pd.Series) -> list[StoredFold]:
    """Stored scores of the outer folds (repeat, fold) as arrays; positions are those of `labels`.

    Raises:
        FHRError: a scored record without a label.
    """
    folds = []
    for (repeat, _), raw in sorted(kept.items()):
        means = raw.groupby(["use", "name", "inner"])["score"].mean()
        held_out, tested = means["held_out"].droplevel("inner"), means["test"].unstack("inner")
        places = [labels.index.get_indexer(table.index) for table in (held_out, tested)]
        if any((place < 0).any() for place in places):
            raise FHRError("a scored record has no label; leave it out")
        folds.append(StoredFold(repeat, places[0], held_out.to_numpy(), places[1], tested.to_numpy().T))
    return folds


def calibration_null(
    folds: Sequence[StoredFold],
    labels: np.ndarray,
    *,
    n_redraws: int = 200,
    seed: int = 0,
    make: Callable[[], Calibrator] = RidgePlatt,
) -> CalibrationNull:
    """Calibration statistics of cross-fitted probabilities, and what a calibrated procedure would give.

    Let P(y) be the procedure: calibrators fitted to the stored held-out scores with the labels y, applied to the
    averages of the stored test scores; p = P(y) the probabilities, averaged over repeats where a truth is needed.
    Labels y* are drawn from q, as balanced over stratified folds as those of the data (`redrawn_labels`). q is a smooth
    version of p: the procedure's own limit P(many labels drawn from p), which has lost the chance differences between
    outer folds, with the spread and the mean of p. With the limit l = P(many labels drawn from q), the probabilities of
    a redraw are, in log-odds and for each repeat,

        a + b l + P(y*) - l,    a + b l the calibration line of l under the truth q,

    so that they stray as refits stray, tied to the labels as in the data, but not by what the procedure does wrong with
    any number of labels: with P(y*) itself, a procedure that is wrong in each redraw as in the data (a shifted
    prevalence, an average that is calibrated as a single network) would be its own yardstick and never be found.

    Given the scores, l itself is out of calibration by chance: in other births, of other scores, held-out and test ones
    would stand to each other a little differently, and more so the more the networks of a birth differ. No labels show
    it, and a + b l takes it off. It is put back: the births are drawn with replacement, with all their scores and with
    many labels of q each; the lines (c, d) of q on the limits of these draws, about their median, say by how much
    calibration strays, and each redraw has (a + b l - c) / d for a + b l.

    q is not the truth, and the likelihood ratio under it is a little larger than under the truth where a label is rare.
    Of a single repeat each redraw is therefore taken for the data, by the same steps, and its labels are redrawn once:
    the redraws lie to the data as the redraws of redraws lie to the redraws (the fast double bootstrap). Several
    repeats know more of a record than each of them, since networks of all have scored it: there q is a line of the mean
    log-odds over all these scores, the one under which the probabilities of the repeats are calibrated.

    Args:
        folds: see `stored_folds`.
        labels: (n,), 0 or 1; records that no fold tests keep theirs.
        n_redraws: of the labels.
        seed: of the redraws.
        make: an unfitted calibrator.

    Raises:
        FHRError: no fold, fewer labels than records, a repeat that does not test the records of the first, or fewer
            than 20 redraws.

    Source:
        Parametric bootstrap of a test: Davison and Hinkley 1997, Bootstrap Methods and their Application, chapter 4;
        for calibration: Bröcker and Smith 2007, Weather Forecast. 22:651, doi:10.1175/WAF993.1; fast double bootstrap:
        Davidson and MacKinnon 2007, Comput. Stat. Data Anal. 51:3259, doi:10.1016/j.csda.2006.04.001.
    """
    if n_redraws < 20:
        raise FHRError(f"n_redraws={n_redraws}; give 20 or more, 200 by default")
    if not folds:
        raise FHRError("no stored scores; give the folds of a cross-validation, see `stored_folds`")
    if (needed := 1 + max(int(max(fold.held_out.max(), fold.tested.max())) for fold in folds)) > len(labels):
        raise FHRError(f"{len(labels)} labels beside scores of {needed} records; give the labels of `stored_folds`")
    by_repeat: dict[int, list[StoredFold]] = {}
    for fold in folds:
        by_repeat.setdefault(fold.repeat, []).append(fold)
    of_each = {r: np.sort(np.concatenate([fold.tested for fold in own])) for r, own in by_repeat.items()}
    first, tested = next(iter(of_each.items()))
    for repeat, others in of_each.items():
        if not np.array_equal(others, tested):
            raise FHRError(f"repeat {repeat} tests other records than repeat {first}; pool whole repeats")
    y = np.asarray(labels).astype(np.int64)

    def procedure(positive: np.ndarray, times: int | np.ndarray = 1) -> np.ndarray:
        """Log-odds (repeat, m, tested) for labels of which `positive` (m, n) of `times` are 1."""
        found = np.empty((len(by_repeat), len(positive), len(y)))
        times = np.broadcast_to(times, positive.shape)
        for odds, of_repeat in zip(found, by_repeat.values(), strict=True):
            for fold in of_repeat:
                events, counts = positive[:, fold.held_out], times[:, fold.held_out]
                between = between_inner_folds(fold.by_inner, times[:, fold.tested])
                averaged = averaging(fold.known, counts, events, between, len(fold.by_inner))
                curves = make().refitted(fold.known, counts, events)
                odds[:, fold.tested] = log_odds(curves(averaged(fold.by_inner)), _LEAST)
        return found[:, :, tested]

    def many_labels(p: np.ndarray, births: np.ndarray | int = 1) -> tuple[np.ndarray, np.ndarray | int]:
        """Positives (m, n), and labels, of records of probability p (1 or m, tested) that stand `births` times."""
        share = np.tile(y.astype(np.float64), (len(p), 1))
        share[:, tested] = p
        return np.round(_MANY * births * share).astype(np.int64), _MANY * births

    def mean_of_all(odds: np.ndarray) -> np.ndarray:
        """Mean log-odds (tested,) of each record over its scores by all networks of all repeats, tested or held out."""
        positive, times = many_labels(expit(odds[:, 0]).mean(axis=0, keepdims=True))
        total, n = np.zeros((2, len(y)))
        for fold in folds:
            events = positive[:, fold.held_out]
            counts = np.full_like(events, times)
            averaged = averaging(fold.known, counts, events, between_inner_folds(fold.by_inner), len(fold.by_inner))
            curves = make().refitted(fold.known, counts, events)
            n_inner = len(fold.by_inner)
            total[fold.tested] += n_inner * log_odds(curves(averaged(fold.by_inner)), _LEAST)[0]
            total[fold.held_out] += log_odds(curves(fold.known[None]), _LEAST)[0]
            n[fold.tested] += n_inner
            n[fold.held_out] += 1
        return np.asarray(total[tested] / n[tested])

    def chance_lines(truth: np.ndarray) -> np.ndarray:
        """Intercept and slope (2, repeat, n_redraws) by which the limit strays from that of other births."""
        births = np.ones((n_redraws, len(y)), dtype=np.int64)
        births[:, tested] = drawn_counts(generator, n_redraws, len(tested))
        of_tested, lines = births[:, tested], np.empty((2, len(by_repeat), n_redraws))
        for line, odds in zip(lines.swapaxes(0, 1), procedure(*many_labels(truth, births)), strict=True):
            slope, intercept = lines_by_row(odds, of_tested * truth, of_tested)
            if np.isfinite(slope).any():
                slope = slope / np.nanmedian(slope)
                line[:] = intercept - slope * np.nanmedian(intercept), slope
            else:
                line[:] = np.nan
        lines[:, ~((lines[1] > 1 / _FARTHEST) & (lines[1] < _FARTHEST))] = [[0.0], [1.0]]
        return lines

    of_records = np.zeros((len(by_repeat), len(y)), dtype=np.int64)
    for row, of_repeat in zip(of_records, by_repeat.values(), strict=True):
        for k, fold in enumerate(of_repeat):
            row[fold.tested] = k
    generator = stream(seed, "labels of a procedure")

    def redraws_of(
        odds: np.ndarray, moved: np.ndarray | float, chance: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Labels of the tested records (n_redraws, n) from the truth that log-odds (repeat, 1 or n_redraws, n) tell.

        With the log-odds that a procedure gives for them which is calibrated under that truth, and what was added to
        make it so, and the `chance_lines` that they stray by; `moved` was added to the procedure that gave `odds`.
        """

        def limit_of(p: np.ndarray) -> np.ndarray:
            return procedure(*many_labels(p)) + moved

        truth = expit(_smooth(odds, limit_of)) if len(by_repeat) == 1 else _sharpened(odds, mean_of_all(odds))
        limit = limit_of(truth)
        calibrated = _calibrated(limit, truth)
        straight = moved + calibrated - limit
        intercept, slope = chance = chance_lines(truth) if chance is None else chance
        strayed = (calibrated - intercept[..., None]) / slope[..., None] - calibrated
        drawn = np.tile(y, (n_redraws, 1))
        drawn[:, tested] = redrawn_labels(truth, y[tested], of_records[:, tested], n_redraws, generator)
        return drawn[:, tested], procedure(drawn) + straight + strayed, straight, chance

    given = procedure(y[None])
    drawn, odds, moved, chance = redraws_of(given, 0.0)
    draws, redrawn = _statistics(drawn, odds), np.empty((len(STATISTICS), 0))
    if len(by_repeat) == 1:
        redrawn = _statistics(*redraws_of(odds, moved, np.roll(chance, 1, axis=2))[:2])
    draws, redrawn = (found[:, np.isfinite(found).all(axis=0)] for found in (draws, redrawn))
    return CalibrationNull(_statistics(y[None, tested], given)[:, 0], draws, redrawn, n_redraws)


def _smooth(odds: np.ndarray, limit_of: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Log-odds (m, n) of the truth to draw from: a line of the procedure's limit, with the spread and mean of its own.

    Of log-odds (repeat, m, n).
    """
    p = expit(odds).mean(axis=0)
    own, shape = log_odds(p, _LEAST), limit_of(p).mean(axis=0)
    weights = p * (1 - p)

    def mean(x: np.ndarray) -> np.ndarray:
        return np.asarray((weights * x).sum(axis=1, keepdims=True) / weights.sum(axis=1, keepdims=True))

    away = shape - mean(shape)
    spread = mean(away**2)
    slope = np.where(spread > _LEAST, mean(away * own) / np.maximum(spread, _LEAST), 1.0)
    truth = mean(own) + slope * away
    for _ in range(30):  # Newton: the mean probability stays
        q = expit(truth)
        truth += (p - q).mean(axis=1, keepdims=True) / (q * (1 - q)).mean(axis=1, keepdims=True)
    return truth


def _sharpened(odds: np.ndarray, mean_of_all: np.ndarray) -> np.ndarray:
    """Probabilities (1, n) of the truth, a line of what all scores of a record say; the odds are calibrated under it.

    Of log-odds (repeat, 1, n): labels from it have the mean of their probabilities, and rise with them as they say.
    Where the scores do not rise together there is no such line, and the mean probability is the truth.
    """
    p, own = expit(odds[:, 0]), odds[:, 0].mean(axis=0)
    aims = p.mean(axis=0).sum(), (p * odds[:, 0]).mean(axis=0).sum()
    spread = float(mean_of_all.std())
    places = (mean_of_all - mean_of_all.mean()) / max(spread, _LEAST)

    def beyond(line: np.ndarray) -> tuple[float, float]:
        q = expit(line[0] + line[1] * places)
        return float(q.sum() - aims[0]), float((q * own).sum() - aims[1])

    found = root(beyond, (float(mean_of_all.mean()), spread))
    truth = expit(found.x[0] + found.x[1] * places) if found.success else p.mean(axis=0)
    return np.asarray(truth[None])


def _calibrated(odds: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Log-odds (repeat, m, n) on their calibration lines under the probabilities `truth` (m, n) of the labels."""
    found = []
    for rows in odds:
        slope, intercept = lines_by_row(rows, truth)
        for i in np.flatnonzero(np.isnan(slope)):  # flat, or a line too far from slope 1
            intercept[i], slope[i] = log_odds(truth[i].mean()), 0.0
            if np.ptp(rows[i]) > _LEAST:
                once = np.ones((1, len(rows[i])))
                intercept[i], slope[i] = ridge_lines(rows[i], once, truth[i : i + 1], _LEAST)[:, 0]
        found.append(intercept[:, None] + slope[:, None] * rows)
    return np.stack(found)


def _statistics(labels: np.ndarray, odds: np.ndarray) -> np.ndarray:
    """(4, m), mean over repeats of labels (m, n) against log-odds (repeat, m, n); NaN where some are not finite.

    Of very few records a redraw may leave a fold nothing to calibrate on.
    """
    lost = ~np.isfinite(odds).all(axis=(0, 2))
    odds, found = np.where(lost[:, None], 0.0, odds), []
    for p in expit(odds):
        found.append(np.stack([*calibration_lines(labels, p), calibration_errors(labels, p, bins=10)]))
    return np.where(lost, np.nan, np.mean(found, axis=0))
