import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.stats import fisher_exact, mannwhitneyu

from fhr.errors import FHRError
from fhr.metrics import authenticity, data_copying, membership


@pytest.fixture(scope="module")
def births():
    rows = np.random.default_rng(0).normal(size=(180, 4))
    return rows[:100], rows[100:140], rows[140:]


def nearest(rows, others):
    return cdist(rows, others).min(axis=1)


def test_z_is_that_of_mann_whitney_with_ties():
    generator = np.random.default_rng(1)
    a, b = generator.integers(0, 8, 30), generator.integers(0, 10, 40)
    found = data_copying(a, b)
    known = mannwhitneyu(a, b, alternative="less", use_continuity=False, method="asymptotic")
    assert found.auroc == pytest.approx(1 - known.statistic / 1200)
    assert found.p == pytest.approx(2 * known.pvalue)


def test_new_births_are_no_copies_and_copies_are_found(births):
    training, held_out, new = births
    usual = nearest(held_out, training)
    fresh = data_copying(nearest(new, training), usual)
    assert abs(fresh.z) < 2
    copied = data_copying(nearest(training[:40] + 0.05, training), usual)
    assert copied.z < -6
    assert copied.auroc > 0.95
    assert copied.p < 1e-6
    far = data_copying(nearest(new + 5, training), usual)
    assert far.z > 6
    assert far.p > 0.99


def test_a_few_copies_among_poor_records_are_found_by_the_first(births):
    training, held_out, new = births
    partly = np.concatenate([training[:6], new[6:] + 2])
    found = data_copying(nearest(partly, training), nearest(held_out, training))
    assert found.z > 0
    assert found.first == 6
    assert found.p < 0.05


@pytest.mark.statistics
def test_the_law_of_the_first_by_counting():
    generator = np.random.default_rng(2)
    ranks = np.argsort(generator.random((20_000, 12)), axis=1)
    first = (np.minimum.accumulate(np.argsort(ranks, axis=1) < 5, axis=1)).sum(axis=1)  # 5 suspects, 7 others
    found = data_copying([1, 2, 3, 9, 9.5], [4, 5, 6, 7, 8, 10, 11])
    assert found.first == 3
    assert found.p == pytest.approx(2 * (first >= 3).mean(), rel=0.15)


def test_membership_tells_training_records_of_a_memoriser_only(births):
    training, held_out, new = births
    memoriser = training[::2] + 0.02
    found = membership(nearest(training, memoriser), nearest(held_out, memoriser))
    assert found.auroc > 0.65
    assert found.p < 0.01
    assert membership(nearest(training, new), nearest(held_out, new)).p > 0.05


def test_authenticity_by_hand_and_of_copies(births):
    training, held_out, new = births
    among = cdist(training, training)
    fresh = authenticity(cdist(new, training), cdist(held_out, training), among)
    assert fresh.p > 0.05
    copied = authenticity(cdist(training[:40] + 0.01, training), cdist(held_out, training), among)
    assert copied.synthetic == 0
    assert copied.held_out == fresh.held_out
    inside = round(40 * copied.held_out)
    assert copied.p == pytest.approx(fisher_exact([[0, 40], [inside, 40 - inside]], alternative="less").pvalue)
    # training at 0, 1, 5: the nearest other is 1, 1 and 4 away
    line = np.array([0.0, 1, 5])[:, None]
    found = authenticity(cdist([[1.5], [4], [9]], line), cdist([[-2.0]], line), cdist(line, line))
    assert found[:2] == (0, 1)


def test_equal_distances_and_none_at_all():
    same = data_copying(np.zeros(5), np.zeros(6))
    assert same == (0.5, 0, 0, 1)
    assert data_copying([np.inf, 1.0], [np.inf, np.inf]).first == 1


def test_errors():
    with pytest.raises(FHRError, match=r"synthetic distances of shape \(0,\)"):
        data_copying([], [1.0])
    with pytest.raises(FHRError, match="1 of 2 held-out distances are negative or NaN"):
        data_copying([1.0], [np.nan, 1])
    with pytest.raises(FHRError, match="1 of 1 training distances are negative"):
        membership([-1.0], [1.0])
    with pytest.raises(FHRError, match=r"training distances of shape \(2, 3\)"):
        authenticity(np.ones((1, 3)), np.ones((1, 3)), np.ones((2, 3)))
    with pytest.raises(FHRError, match=r"held-out distances of shape \(1, 2\) beside 3 training records"):
        authenticity(np.ones((1, 3)), np.ones((1, 2)), np.ones((3, 3)))
