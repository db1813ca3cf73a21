import json

import numpy as np
import pytest

from fhr.calibration.conformal import ClassConditionalConformal
from fhr.calibration.cross_conformal import CrossConformal
from fhr.errors import CheckpointError, FHRError


def fold_scores(generator, k=4, n=120, positives=40, new=200, n_features=6):
    """K-fold scores of nearest-centroid models that really learn: held-out scores, labels, and scores of new records.

    New records are half of each class, the negatives first.
    """
    y = np.arange(n) < positives
    x = generator.normal(size=(n, n_features)) + 0.5 * y[:, None]
    fresh = generator.normal(size=(new, n_features)) + 0.5 * (np.arange(new) >= new // 2)[:, None]
    fold = np.concatenate([generator.permutation(size) % k for size in (positives, n - positives)])
    scores, labels, rows = [], [], []
    for held in range(k):
        seen, out = fold != held, fold == held
        direction = x[seen & y].mean(axis=0) - x[seen & ~y].mean(axis=0)
        scale = generator.uniform(0.1, 10)  # scores of two models have no common scale
        scores.append(scale * x[out] @ direction)
        labels.append(y[out].astype(int))
        rows.append(scale * fresh @ direction)
    return scores, labels, np.stack(rows)


def test_p_values_by_brute_force():
    generator = np.random.default_rng(0)
    scores, labels, rows = fold_scores(generator, n=40, positives=15, new=10)
    found = CrossConformal().fit(scores, labels).p_values(rows)
    for j in range(rows.shape[1]):
        for label, sign in ((0, 1), (1, -1)):
            strange = sum(
                sign * s >= sign * rows[k, j]
                for k in range(4)
                for s, y in zip(scores[k], labels[k], strict=True)
                if y == label
            )
            n = sum((y == label).sum() for y in labels)
            assert found[j, label] == pytest.approx((1 + strange) / (n + 1))


@pytest.mark.statistics
@pytest.mark.parametrize("alpha", [0.1, 0.2])
def test_coverage_is_above_the_bound_and_near_the_level(alpha):
    generator, held = np.random.default_rng(1), []
    for _ in range(1000):
        scores, labels, rows = fold_scores(generator, new=20)
        conformal = CrossConformal().fit(scores, labels)
        sets = conformal.sets(rows, alpha)
        held.append([sets[:10, 0].mean(), sets[10:, 1].mean()])
    coverage = np.mean(held, axis=0)
    error = np.std(held, axis=0) / np.sqrt(1000)
    for label in (0, 1):
        statement = conformal.coverage_statement(alpha)[label]
        assert coverage[label] > statement.guaranteed
        assert coverage[label] > 1 - 2 * alpha
        assert coverage[label] == pytest.approx(statement.expected, abs=0.025 + 3 * error[label])


def test_models_that_disagree_wildly_miss_more_often_than_alpha_but_keep_the_bound():
    """Why the proof is weaker: what one model finds very strange, the other finds half strange, and the mean is low."""
    generator, per_fold, alpha, missed = np.random.default_rng(2), 500, 0.1, []
    for _ in range(300):
        calibration = generator.random((2, per_fold))
        u = generator.random(400)
        rows = np.stack([u, np.where(u < 0.16, 0.16 - u, u)])  # each uniform, as its calibration scores are
        labels = np.repeat([1, 0], per_fold)
        conformal = CrossConformal().fit([np.concatenate([c, c]) for c in calibration], [labels, labels])
        missed.append(1 - conformal.sets(rows, alpha)[:, 1].mean())
    assert 1.4 * alpha < np.mean(missed) < 1 - conformal.coverage_statement(alpha)[1].guaranteed


def test_twice_the_same_fold_is_the_split_predictor_but_for_the_one_added():
    generator = np.random.default_rng(3)
    s, y, new = generator.normal(size=100), np.arange(100) % 2, generator.normal(size=30)
    split = ClassConditionalConformal().fit(s, y).p_values(new)
    cross = CrossConformal().fit([s, s], [y, y]).p_values(np.stack([new, new]))
    np.testing.assert_allclose(cross * 101, 2 * (split * 51) - 1)


def test_the_bound_is_the_one_of_the_literature():
    generator = np.random.default_rng(4)
    scores, labels, _ = fold_scores(generator, k=4, n=353, positives=32)
    positive = CrossConformal().fit(scores, labels).coverage_statement(0.1)[1]
    assert positive.guaranteed == pytest.approx(1 - 0.2 - 2 * 0.9 * 3 / 36)
    assert positive.text("ph<7.05") == (
        "Of births like these with ph<7.05, about 90% are expected to get a set that holds the truth; proven is only "
        "at least 65%, with 32 calibration records in 4 folds."
    )
    assert np.isnan([positive.low, positive.high]).all()
    assert CrossConformal().fit(scores, labels).coverage_statement(0.6)[1].guaranteed == 0


def test_a_fold_without_positives_only_counts_no_positive():
    conformal = CrossConformal().fit([np.arange(30), np.arange(10)], [np.arange(30) % 2, np.zeros(10)])
    assert conformal.n_calibration == (25, 15)
    assert conformal.p_values([[-1.0], [-1.0]])[0].tolist() == [1.0, 1 / 16]


def test_there_and_back_as_plain_types():
    scores, labels, rows = fold_scores(np.random.default_rng(5))
    conformal = CrossConformal().fit(scores, labels)
    again = CrossConformal.from_dict(json.loads(json.dumps(conformal.to_dict())))
    np.testing.assert_array_equal(again.p_values(rows), conformal.p_values(rows))


def test_errors():
    with pytest.raises(FHRError, match="not fitted"):
        CrossConformal().p_values([[1.0]])
    with pytest.raises(FHRError, match="1 folds of scores beside 1 of labels; give as many of each, two at least"):
        CrossConformal().fit([[1.0, 2.0]], [[0, 1]])
    scores, labels, rows = fold_scores(np.random.default_rng(6), positives=18)
    conformal = CrossConformal().fit(scores, labels)
    with pytest.raises(FHRError, match=r"scores have shape \(3, 200\) beside 4 folds; give \(4, n\)"):
        conformal.p_values(rows[:3])
    with pytest.raises(FHRError, match=r"18 calibration records of class 1 are too few for sets at 0\.95"):
        conformal.sets(rows, 0.05)
    with pytest.raises(CheckpointError, match="it must have folds, two at least"):
        CrossConformal.from_dict({"folds": [{"positives": [1.0], "negatives": []}]})
