"""Labels drawn anew, as balanced over folds as those of the data."""

import numpy as np
import pytest

from fhr.evaluation.redrawn_labels import redrawn_labels


def stratified(n: int, labels: np.ndarray, repeats: int, seed: int) -> np.ndarray:
    """Folds that hold the same number of positives each."""
    rng, folds = np.random.default_rng(seed), np.empty((repeats, n), dtype=int)
    for row in folds:
        for value in (0, 1):
            records = rng.permutation(np.flatnonzero(labels == value))
            row[records] = np.arange(len(records)) % 5
    return folds


def test_stratified_folds_stay_balanced_and_others_do_not():
    n = 300
    labels = (np.arange(n) < 60).astype(int)
    truth = np.full(n, 0.2)
    folds = stratified(n, labels, 10, 0)
    drawn = redrawn_labels(truth, labels, folds, 50, np.random.default_rng(1))
    assert (drawn.sum(axis=1) == 60).all()
    counts = np.stack([(drawn[:, None] * (folds == k)).sum(axis=2) for k in range(5)])
    assert np.abs(counts - 12).mean() < 1.0  # 2.5 by chance
    free = redrawn_labels(truth, labels, np.sort(folds, axis=1)[:, ::-1], 50, np.random.default_rng(1))
    assert free.sum(axis=1).std() > 3


@pytest.mark.statistics
def test_each_record_is_drawn_as_often_as_its_probability_says():
    n = 200
    truth = np.linspace(0.02, 0.58, n)
    labels = (np.random.default_rng(0).random(n) < truth).astype(int)
    labels[:] = 0
    labels[np.argsort(-truth)[::3][: round(truth.sum())]] = 1
    drawn = redrawn_labels(truth, labels, stratified(n, labels, 3, 2), 600, np.random.default_rng(3))
    groups = drawn.mean(axis=0).reshape(10, 20).mean(axis=1)
    np.testing.assert_allclose(groups, truth.reshape(10, 20).mean(axis=1), atol=0.035)


def test_one_class_is_drawn_freely():
    drawn = redrawn_labels(
        np.full(20, 0.5), np.zeros(20, dtype=int), np.zeros((1, 20), dtype=int), 5, np.random.default_rng(0)
    )
    assert 0 < drawn.mean() < 1
