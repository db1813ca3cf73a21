import numpy as np
import pytest
from sklearn.kernel_ridge import KernelRidge
from sklearn.metrics import roc_auc_score

from fhr.errors import FHRError, OutcomeError
from fhr.evaluation import discriminative_scores, train_on_synthetic
from fhr.metrics import against_real, in_real_units


@pytest.fixture(scope="module")
def rows():
    return np.random.default_rng(0).normal(size=(160, 4))


def test_cross_validation_in_closed_form_is_that_of_scikit_learn(rows):
    real, pool = rows[:40], rows[40:100] + 0.4
    chosen = np.arange(5, 50)
    x, y = in_real_units(real, pool)
    both = np.concatenate([x, y[chosen]])
    target, fold = np.repeat([-1.0, 1.0], [40, 45]), np.concatenate([np.arange(40), np.arange(45)]) % 5
    found = discriminative_scores(real, pool)(chosen)
    for name, kernel in (
        ("linear_auroc", lambda a, b: 1 + a @ b / 4),
        ("kernel_auroc", lambda a, b: 1 + np.exp(-0.6 * np.abs(a - b).mean())),
    ):
        scores = np.empty(85)
        for f in range(5):
            ridge = KernelRidge(alpha=1.0, kernel=kernel).fit(both[fold != f], target[fold != f])
            scores[fold == f] = ridge.predict(both[fold == f])
        assert found[name] == pytest.approx(roc_auc_score(target > 0, scores))


def test_another_law_is_told_and_the_same_is_not(rows):
    same = against_real(discriminative_scores, rows[:80], rows[80:120], rows[120:], n_splits=200)
    assert min(of.p for of in same.values()) > 0.02
    shifted = against_real(discriminative_scores, rows[:80], rows[80:120], rows[120:] + 1.5, n_splits=200)
    assert shifted["linear_auroc"].value > 0.9
    assert shifted["linear_auroc"].p == shifted["kernel_auroc"].p == 1 / 201
    # the kernel alone sees that only the spread differs
    wider = against_real(discriminative_scores, rows[:80], rows[80:120], rows[120:] * 3, n_splits=200)
    assert wider["kernel_auroc"].p == 1 / 201
    assert wider["kernel_auroc"].value > wider["linear_auroc"].value + 0.1


def test_synthetic_rows_with_wrong_labels_teach_nothing(rows):
    labels = (rows[:, 0] + 0.3 * rows[:, 1] > 0).astype(int)
    training, held_out, synthetic = rows[:80], rows[80:120], rows[120:]
    good = against_real(
        train_on_synthetic(labels[:80], labels[80:120], labels[120:]), training, held_out, synthetic, n_splits=200
    )["lost_auroc"]
    assert good.value < 0.2
    assert good.p > 0.02
    bad = against_real(
        train_on_synthetic(labels[:80], labels[80:120], labels[120:][::-1]), training, held_out, synthetic, n_splits=200
    )["lost_auroc"]
    assert bad.p < 0.02
    one = train_on_synthetic(labels[:80], labels[80:120], np.zeros(40))
    assert np.isnan(against_real(one, training, held_out, synthetic, n_splits=200)["lost_auroc"].p)


def test_errors(rows):
    with pytest.raises(FHRError, match="4 real rows; at least 5 are needed"):
        discriminative_scores(rows[:4], rows)
    with pytest.raises(FHRError, match="3 synthetic rows; a cross-validation in 5 folds"):
        discriminative_scores(rows[:40], rows)(np.arange(3))
    with pytest.raises(OutcomeError, match="they must be 0 or 1"):
        train_on_synthetic([0, 1], [0, 1], [0, 2])
    with pytest.raises(FHRError, match="held-out labels of one class"):
        train_on_synthetic([0, 1], [1, 1], [0, 1])
    with pytest.raises(FHRError, match="2 held-out and 4 other labels for 40 and 120 rows"):
        train_on_synthetic([0, 1], [0, 1], [0, 1])(rows[:40], rows[40:])
