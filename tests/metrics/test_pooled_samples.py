"""Metrics from counts are those of the samples themselves, and recordings are what is resampled."""

import numpy as np
import pytest
from sklearn.metrics import f1_score, precision_score, recall_score, roc_auc_score

from fhr.errors import FHRError
from fhr.metrics import best_f1_threshold, evaluate_samples, pooled_metrics, score_counts


def samples(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Labels, and logits rounded to the middle of a bin so that none is lost."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 2, n)
    logits = generator.normal(2 * labels - 1, 2)
    return labels, (np.floor(logits * 64) + 0.5) / 64


def logit(p: float) -> float:
    return float(np.log(p / (1 - p)))


@pytest.mark.parametrize("cut", [-1.5, 0.0, 0.75])
def test_as_scikit_learn_has_it(cut):
    labels, logits = samples(3000)
    found = pooled_metrics(score_counts(labels, logits), 1 / (1 + np.exp(-cut)))
    called = logits >= cut
    assert found["auroc"] == pytest.approx(roc_auc_score(labels, logits), abs=1e-12)
    assert found["f1"] == pytest.approx(f1_score(labels, called))
    assert found["sensitivity"] == pytest.approx(recall_score(labels, called))
    assert found["ppv"] == pytest.approx(precision_score(labels, called))
    assert found["prevalence"] == pytest.approx(labels.mean())


def test_bins_are_narrow_enough():
    generator = np.random.default_rng(1)
    labels = generator.integers(0, 2, 20000)
    logits = generator.normal(8 * labels - 4, 2)
    exact = roc_auc_score(labels, logits)
    assert 0.99 < exact < 1
    assert pooled_metrics(score_counts(labels, logits))["auroc"] == pytest.approx(exact, abs=1e-5)


def test_counts_hold_every_sample_and_add_up():
    labels, logits = samples(500)
    extreme = np.array([-1e9, -16.5, 16.5, 1e9])
    counts = score_counts(np.r_[labels, 0, 0, 1, 1], np.r_[logits, extreme])
    assert counts.sum(axis=1).tolist() == [np.sum(labels == 0) + 2, np.sum(labels == 1) + 2]
    assert counts[0, 0] == counts[1, -1] == 2
    parts = score_counts(labels[:200], logits[:200]) + score_counts(labels[200:], logits[200:])
    np.testing.assert_array_equal(parts, score_counts(labels, logits))
    assert score_counts(np.empty(0), np.empty(0)).shape == counts.shape


def test_the_best_threshold_beats_every_other():
    labels, logits = samples(800, seed=3)
    threshold = best_f1_threshold(score_counts(labels, logits))
    best = max(f1_score(labels, logits >= cut) for cut in np.unique(logits))
    assert f1_score(labels, logits >= logit(threshold) - 1e-9) == pytest.approx(best)
    assert best > f1_score(labels, logits >= 0)
    assert best_f1_threshold(score_counts(np.zeros(5), np.zeros(5))) == 0.5


def test_undefined_is_nan():
    only_true = pooled_metrics(score_counts(np.zeros(5), np.zeros(5)))
    assert np.isnan(only_true["auroc"])
    assert np.isnan(only_true["sensitivity"])
    assert only_true["prevalence"] == 0


@pytest.mark.statistics
def test_intervals_are_over_recordings():
    """Ten copies of each recording's samples change nothing: the recording is the unit."""
    counts = np.stack([score_counts(*samples(50, seed=seed)) for seed in range(30)])
    found, again = evaluate_samples(counts, seed=1), evaluate_samples(10 * counts, seed=1)
    for key, interval in found.items():
        assert again[key] == pytest.approx(tuple(interval))
        assert interval.low < interval.value < interval.high
    # Against a plain bootstrap of the pooled samples of drawn recordings.
    generator = np.random.default_rng(2)
    drawn = []
    for _ in range(400):
        parts = [samples(50, seed=seed) for seed in generator.integers(0, 30, 30)]
        drawn.append(roc_auc_score(np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])))
    low, high = np.percentile(drawn, [2.5, 97.5])
    assert found["auroc"].low == pytest.approx(low, abs=0.006)
    assert found["auroc"].high == pytest.approx(high, abs=0.006)


def test_one_recording_has_no_spread():
    found = evaluate_samples(score_counts(*samples(100))[None])
    assert found["f1"].low == found["f1"].value == found["f1"].high


def test_what_makes_no_sense():
    with pytest.raises(FHRError, match="no recording to evaluate"):
        evaluate_samples(np.empty((0, 2, 2048)))
    with pytest.raises(FHRError, match=r"threshold 1\.0 is no probability"):
        pooled_metrics(score_counts(*samples(5)), 1.0)


def test_scores_of_a_diverged_training_are_refused():
    with pytest.raises(FHRError, match="training diverged"):
        score_counts(np.array([0, 1]), np.array([0.5, np.nan]))
