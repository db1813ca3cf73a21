from functools import partial

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from fhr.errors import FHRError, OutcomeError
from fhr.metrics import (
    Interval,
    augrc,
    auprc,
    aurc,
    auroc,
    bootstrap,
    brier,
    brier_skill,
    calibration_intercept,
    calibration_slope,
    net_benefit_at,
    resampled,
    resampling,
    sensitivity_at_specificity,
    tpr_at_fpr,
)

METRICS = [
    auroc,
    auprc,
    brier,
    brier_skill,
    calibration_slope,
    calibration_intercept,
    sensitivity_at_specificity,
    partial(sensitivity_at_specificity, specificity=0.8),
    partial(tpr_at_fpr, fpr=0.1),
    aurc,
    augrc,
    partial(net_benefit_at, threshold=0.2),
]


def cohort(n=80, seed=0, repeats=None):
    generator = np.random.default_rng(seed)
    y = (np.arange(n) % 5 == 0).astype(int)
    s = generator.normal(size=(n,) if repeats is None else (repeats, n)) + 1.2 * y
    return y, 1 / (1 + np.exp(1.5 - s))


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("repeats", [None, 3])
def test_all_at_once_is_one_by_one(metric, repeats):
    y, p = cohort(repeats=repeats)
    fast = resampled(metric, y, p, n_resamples=30, seed=2)
    slow = resampled(lambda labels, scores: metric(labels, scores), y, p, n_resamples=30, seed=2)
    np.testing.assert_allclose(fast, slow, atol=1e-4)


def test_a_partial_with_positional_arguments_is_called_as_it_is():
    y, p = cohort()
    shifted = partial(lambda shift, labels, scores: shift + auroc(labels, scores), 1.0)
    assert bootstrap(shifted, y, p, n_resamples=20).value == 1 + auroc(y, p)


def test_any_function_of_labels_and_scores_is_a_metric():
    y, p = cohort()
    assert bootstrap(roc_auc_score, y, p, n_resamples=40) == pytest.approx(bootstrap(auroc, y, p, n_resamples=40))


def test_the_interval_is_that_of_scipy():
    y, p = cohort(150)
    loss = (p - y) ** 2
    reference = stats.bootstrap((loss,), np.mean, method="percentile", n_resamples=4000, rng=0).confidence_interval
    interval = bootstrap(brier, y, p, n_resamples=4000)
    assert interval.value == pytest.approx(loss.mean())
    assert (interval.low, interval.high) == pytest.approx((reference.low, reference.high), abs=0.005)


def test_repeats_are_averaged_and_records_drawn_jointly():
    y, p = cohort()
    alone, twice = bootstrap(auroc, y, p, n_resamples=200), bootstrap(auroc, y, np.stack([p, p]), n_resamples=200)
    assert twice == pytest.approx(alone)  # a copied repeat is no new information
    y, p = cohort(repeats=4)
    assert bootstrap(auroc, y, p, n_resamples=20).value == pytest.approx(np.mean([auroc(y, row) for row in p]))


def test_pairs_of_models_share_their_resamples():
    y, p = cohort(repeats=2)
    gap = resampled(auroc, y, p[0], n_resamples=100, seed=1) - resampled(auroc, y, p[0] ** 3, n_resamples=100, seed=1)
    np.testing.assert_array_equal(gap, 0)


def test_coverage_is_near_nominal():
    truth = stats.norm.cdf(1 / np.sqrt(2))
    y = np.arange(120) % 3 == 0
    hits = 0
    for seed in range(150):
        s = np.random.default_rng(seed).normal(size=120) + y
        interval = bootstrap(auroc, y, s, n_resamples=200, confidence=0.9, seed=seed)
        hits += interval.low <= truth <= interval.high
    assert 0.82 <= hits / 150 <= 0.97


def test_resamples_of_one_class_are_dropped():
    y, s = np.array([0, 0, 0, 1]), np.array([1.0, 2.0, 4.0, 3.0])
    draws = resampled(brier, y, s / 4, n_resamples=400)
    assert np.isnan(draws).mean() == pytest.approx(0.75**4 + 0.25**4, abs=0.08)
    assert np.isfinite(bootstrap(auroc, y, s, n_resamples=400)).all()


def test_an_undefined_metric_has_no_interval():
    assert np.isnan(bootstrap(auroc, [1, 1, 1], [1.0, 2.0, 3.0], n_resamples=10)).all()
    interval = bootstrap(brier, [1, 1], [0.5, 1.0], n_resamples=10)
    assert interval.value == 0.125
    assert np.isnan(interval[1:]).all()


def test_the_seed_decides_and_blocks_do_not(monkeypatch):
    y, p = cohort()
    whole = resampled(auroc, y, p, n_resamples=50, seed=7)
    np.testing.assert_array_equal(whole, resampled(auroc, y, p, n_resamples=50, seed=7))
    assert not np.array_equal(whole, resampled(auroc, y, p, n_resamples=50, seed=8))
    monkeypatch.setattr(resampling, "_CELLS", 6 * len(y))
    np.testing.assert_array_equal(whole, resampled(auroc, y, p, n_resamples=50, seed=7))


def test_wider_confidence_is_a_wider_interval():
    y, p = cohort()
    narrow, wide = (bootstrap(auroc, y, p, n_resamples=200, confidence=c) for c in (0.5, 0.99))
    assert isinstance(wide, Interval)
    assert wide.low < narrow.low < narrow.value < narrow.high < wide.high


def test_errors():
    y, p = cohort()
    with pytest.raises(FHRError, match="n_resamples=0; give at least 1"):
        bootstrap(auroc, y, p, n_resamples=0)
    with pytest.raises(FHRError, match=r"confidence=95 is not in \(0, 1\); give a fraction such as 0.95"):
        bootstrap(auroc, y, p, confidence=95)
    with pytest.raises(FHRError, match=r"shape \(2, 40\) beside 80 labels; give shape \(80,\) or \(n_repeats, 80\)"):
        bootstrap(auroc, y, np.zeros((2, 40)))
    with pytest.raises(OutcomeError, match="they must be 0 or 1"):
        bootstrap(auroc, y * 3, p)
    with pytest.raises(FHRError, match="calibrate the scores first"):
        bootstrap(brier, y, p + 1)
