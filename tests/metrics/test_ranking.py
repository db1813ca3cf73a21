from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn import metrics as sk

from fhr.errors import FHRError, OutcomeError
from fhr.metrics import auprc, auroc, sensitivity_at_specificity, tpr_at_fpr
from fhr.metrics.ranking import auprc_by_counts, auroc_by_counts, tpr_at_fpr_by_counts

ALL = [auroc, auprc, partial(tpr_at_fpr, fpr=0.1), sensitivity_at_specificity]


@st.composite
def records(draw):
    """Labels of both classes and scores with ties, not all equal."""
    n = draw(st.integers(2, 60))
    y = draw(arrays(np.int64, n, elements=st.integers(0, 1)).filter(lambda a: 0 < a.sum() < len(a)))
    s = draw(arrays(np.int64, n, elements=st.integers(-8, 8)).filter(lambda a: np.ptp(a) > 0))
    return y, s.astype(float)


def reachable_tpr(y, s, fpr):
    """By definition, over every threshold; no alarm at all is a rule too."""
    rates = [(np.mean(s[y == 0] >= t), np.mean(s[y == 1] >= t)) for t in np.unique(s)]
    return max([tpr for false, tpr in rates if false <= fpr + 1e-12], default=0.0)


@given(records())
def test_agree_with_scikit_learn(data):
    y, s = data
    assert auroc(y, s) == pytest.approx(sk.roc_auc_score(y, s), abs=1e-12)
    assert auprc(y, s) == pytest.approx(sk.average_precision_score(y, s), abs=1e-12)
    for fpr in (0.0, 0.05, 0.1, 0.5, 1.0):
        assert tpr_at_fpr(y, s, fpr) == pytest.approx(reachable_tpr(y, s, fpr), abs=1e-12)


@given(records(), st.integers(0, 1000))
def test_counts_are_repeated_records(data, seed):
    y, s = data
    counts = np.random.default_rng(seed).integers(0, 4, (5, len(y)))
    for b, count in enumerate(counts):
        chosen = np.repeat(np.arange(len(y)), count)
        if len(np.unique(y[chosen])) < 2 or len(np.unique(s[chosen])) < 2:
            assert np.isnan(auroc_by_counts(y, s, counts)[b])
            continue
        assert auroc_by_counts(y, s, counts)[b] == pytest.approx(sk.roc_auc_score(y[chosen], s[chosen]))
        assert auprc_by_counts(y, s, counts)[b] == pytest.approx(sk.average_precision_score(y[chosen], s[chosen]))
        found = tpr_at_fpr_by_counts(y, s, counts, fpr=0.25)[b]
        assert found == pytest.approx(reachable_tpr(y[chosen], s[chosen], 0.25))


@given(records())
def test_only_the_order_of_scores_matters(data):
    y, s = data
    for metric in ALL:
        assert metric(y, s) == metric(y, np.exp(s)) == metric(y, 3 * s**3 - 7)
    assert auroc(y, s) + auroc(y, -s) == pytest.approx(1)
    assert auroc(y, s) == pytest.approx(auroc(1 - y, -s))


@given(records(), st.integers(0, 1000))
def test_the_order_of_records_does_not_matter(data, seed):
    y, s = data
    shuffled = np.random.default_rng(seed).permutation(len(y))
    for metric in ALL:
        assert metric(y, s) == metric(y[shuffled], s[shuffled])


def test_equal_normal_scores_have_the_area_of_theory():
    y = np.arange(20_000) % 2
    s = np.random.default_rng(0).normal(size=20_000) + y
    assert auroc(y, s) == pytest.approx(0.7602, abs=0.01)  # Phi(1 / sqrt(2))


def test_one_false_alarm_in_ten_is_allowed_at_90_specificity():
    y = np.repeat([0, 1], [10, 2])
    s = np.array([0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 9, 11.0])
    assert sensitivity_at_specificity(y, s, 0.9) == 1.0
    assert sensitivity_at_specificity(y, s, 0.95) == 0.5
    assert tpr_at_fpr(y, s, 0.1) == 1.0


def test_ties_between_the_classes_are_not_split():
    assert tpr_at_fpr([0, 0, 1, 1], [1, 2, 2, 2], fpr=0.4) == 0.0
    assert tpr_at_fpr([0, 0, 1, 1], [1, 2, 2, 2], fpr=0.5) == 1.0


@pytest.mark.parametrize("metric", ALL)
def test_degenerate_input_is_nan(metric):
    assert np.isnan(metric([1, 1, 1], [1.0, 2.0, 3.0]))
    assert np.isnan(metric([0, 0, 0], [1.0, 2.0, 3.0]))
    assert np.isnan(metric([0, 1, 1], [2.0, 2.0, 2.0]))


@pytest.mark.parametrize("metric", ALL)
@pytest.mark.parametrize(
    ("labels", "scores", "error", "text"),
    [
        ([0, 1], [0.1, np.nan], FHRError, "1 of 2 scores are NaN or infinite; find the records the model failed on"),
        ([0, 1], [0.1, np.inf], FHRError, "1 of 2 scores are NaN or infinite"),
        ([0, 1], [0.1], FHRError, r"scores have shape \(1,\) beside 2 labels; give shape \(2,\)"),
        ([0, 1], [[0.1, 0.2]], FHRError, r"scores have shape \(1, 2\) beside 2 labels"),
        ([0, 1], ["a", "b"], FHRError, "scores have dtype <U1; give real numbers"),
        ([0, 2], [0.1, 0.2], OutcomeError, r"labels hold \[2\]; they must be 0 or 1: apply the label's rule"),
        ([0, np.nan], [0.1, 0.2], OutcomeError, "1 of 2 labels are NaN; drop the records whose outcome is unknown"),
        ([], [], OutcomeError, r"labels have shape \(0,\); give one 0 or 1 for each record"),
        ([[0, 1]], [0.1, 0.2], OutcomeError, r"labels have shape \(1, 2\)"),
        (["0", "1"], [0.1, 0.2], OutcomeError, "labels have dtype <U1; give 0 or 1"),
    ],
)
def test_errors(metric, labels, scores, error, text):
    with pytest.raises(error, match=text):
        metric(labels, scores)


def test_levels_outside_the_unit_interval_are_refused():
    with pytest.raises(FHRError, match=r"false positive rate 5 is not in \[0, 1\]; give a fraction such as 0.1"):
        tpr_at_fpr([0, 1], [0.1, 0.2], fpr=5)
    with pytest.raises(FHRError, match=r"specificity 90 is not in \[0, 1\]; give a fraction such as 0.9"):
        sensitivity_at_specificity([0, 1], [0.1, 0.2], specificity=90)
