import json

import numpy as np
import pytest
from scipy.stats import beta, betabinom, chisquare, kstest, norm

from fhr.calibration.conformal import ClassConditionalConformal
from fhr.calibration.coverage import records_needed
from fhr.errors import CheckpointError, FHRError, OutcomeError


def births(n, generator, positives=30):
    y = np.arange(n) < positives
    return generator.normal(size=n) + 1.2 * y, y.astype(int)


def brute_force(calibration, labels, score):
    """p-values by their definition."""
    strangeness = {0: lambda s: s, 1: lambda s: -s}
    p = []
    for y, strange in strangeness.items():
        of_class = [strange(s) for s, label in zip(calibration, labels, strict=True) if label == y]
        p.append((1 + sum(a >= strange(score) for a in of_class)) / (len(of_class) + 1))
    return p


@pytest.mark.parametrize("decimals", [8, 0])
def test_p_values_by_brute_force_with_and_without_ties(decimals):
    generator = np.random.default_rng(0)
    s, y = births(80, generator)
    new = generator.normal(size=40).round(decimals)
    found = ClassConditionalConformal().fit(s.round(decimals), y).p_values(new)
    np.testing.assert_allclose(found, [brute_force(s.round(decimals), y, x) for x in new])


@pytest.mark.parametrize("alpha", [0.05, 0.1, 0.2])
def test_coverage_of_each_class_is_beta_binomial(alpha):
    """Over calibration samples, hits among m new records of a class follow BetaBinomial(m, n_y + 1 - l, l)."""
    generator, m, hits = np.random.default_rng(1), 40, {0: [], 1: []}
    for _ in range(1000):
        conformal = ClassConditionalConformal().fit(*births(98, generator, positives=39))
        s, y = births(2 * m, generator, positives=m)
        held = conformal.sets(s, alpha)[np.arange(2 * m), y]
        for label in (0, 1):
            hits[label].append(held[y == label].sum())
    for label, n in ((0, 59), (1, 39)):  # p may equal alpha
        rank = round(alpha * (n + 1))
        law = betabinom(m, n + 1 - rank, rank)
        counts = np.bincount(hits[label], minlength=m + 1)
        low = int(law.ppf(0.02))  # rarer counts share a cell
        observed = [counts[: low + 1].sum(), *counts[low + 1 :]]
        expected = [law.cdf(low), *law.pmf(np.arange(low + 1, m + 1))]
        assert chisquare(observed, 1000 * np.array(expected) / sum(expected)).pvalue > 0.005, label
        assert np.mean(hits[label]) / m == pytest.approx(law.mean() / m, abs=4 * law.std() / m / np.sqrt(1000))
        assert law.mean() / m >= 1 - alpha


def test_coverage_given_the_calibration_sample_is_what_the_statement_says():
    """The true coverage, known for normal scores, is Beta distributed; the statement gives its mean and band."""
    generator, coverage = np.random.default_rng(2), []
    for _ in range(1000):
        s, y = births(60, generator, positives=26)
        lowest_held = np.sort(s[y == 1])[2 - 1]  # l = floor(0.1 * 27) = 2: p > 0.1 from the second lowest score on
        conformal = ClassConditionalConformal().fit(s, y)
        assert conformal.sets([lowest_held, lowest_held - 1e-6], 0.1)[:, 1].tolist() == [True, False]
        coverage.append(norm.sf(lowest_held - 1.2))
    statement = conformal.coverage_statement(0.1)[1]
    assert kstest(coverage, beta(25, 2).cdf).pvalue > 0.01
    assert statement.expected == pytest.approx(25 / 27)
    assert statement.expected == pytest.approx(np.mean(coverage), abs=0.006)
    assert [statement.low, statement.high] == pytest.approx(np.percentile(coverage, [5, 95]), abs=0.015)


def test_the_prevalence_of_new_records_does_not_matter():
    generator = np.random.default_rng(3)
    conformal = ClassConditionalConformal().fit(*births(20_000, generator, positives=4000))
    for positives in (100, 5000, 9900):
        s, y = births(10_000, generator, positives=positives)
        held = conformal.sets(s, 0.1)[np.arange(len(y)), y]
        for label in (0, 1):
            n = (y == label).sum()
            assert held[y == label].mean() == pytest.approx(0.9, abs=4 * np.sqrt(0.09 / n) + 0.01)


def test_ties_only_raise_the_coverage_and_smoothing_takes_that_back():
    generator = np.random.default_rng(4)
    plain, smoothed, held = [], [], []
    for seed in range(1000):
        s, y = births(80, generator)
        conformal = ClassConditionalConformal().fit(s.round(), y)
        new, _ = births(10, generator, positives=10)
        plain += conformal.p_values(new.round())[:, 1].tolist()
        smoothed.append(conformal.p_values(new[:1].round(), seed=seed)[0, 1])
        held.append(conformal.sets(new[:1].round(), 0.2, seed=seed)[0, 1])
    for alpha in (0.05, 0.1, 0.2, 0.4):
        assert np.mean(np.array(plain) <= alpha) <= alpha + 0.01
    assert np.mean(np.array(plain) <= 0.1) < 0.07
    assert kstest(smoothed, "uniform").pvalue > 0.01
    assert np.mean(held) == pytest.approx(0.8, abs=0.05)


def test_smoothing_spreads_the_new_record_itself():
    generator = np.random.default_rng(9)
    s, y = births(80, generator)
    conformal, new = ClassConditionalConformal().fit(s, y), generator.normal(size=500)
    taken = (conformal.p_values(new) - conformal.p_values(new, seed=1)) * (np.array([50, 30]) + 1)
    assert kstest(taken.ravel(), "uniform").pvalue > 0.01
    constant = ClassConditionalConformal().fit(np.ones(80), y).p_values(np.ones(500), seed=2)
    assert kstest(constant.ravel(), "uniform").pvalue > 0.01


def test_a_constant_score_rules_nothing_out():
    conformal = ClassConditionalConformal().fit(np.ones(60), np.arange(60) % 2)
    assert conformal.p_values([1.0]).tolist() == [[1.0, 1.0]]
    assert conformal.sets([1.0], 0.1).all()


def test_only_ranks_matter():
    generator = np.random.default_rng(5)
    s, y = births(80, generator)
    new = generator.normal(size=50)
    plain = ClassConditionalConformal().fit(s, y).p_values(new)
    np.testing.assert_array_equal(plain, ClassConditionalConformal().fit(np.exp(s), y).p_values(np.exp(new)))
    mirrored = ClassConditionalConformal().fit(-s, 1 - y).p_values(-new)
    np.testing.assert_array_equal(plain, mirrored[:, ::-1])


def test_sets_grow_as_alpha_falls():
    s, y = births(120, np.random.default_rng(6), positives=40)
    conformal = ClassConditionalConformal().fit(s, y)
    narrow, wide = conformal.sets(s, 0.3), conformal.sets(s, 0.05)
    assert (wide >= narrow).all()
    assert wide.sum() > narrow.sum()


def test_an_alpha_that_is_a_little_off_in_floating_point_is_the_same_alpha():
    conformal = ClassConditionalConformal().fit(np.arange(18), np.arange(18) // 9)
    assert 1 - 0.9 < 0.1
    np.testing.assert_array_equal(conformal.sets([-1, 8.5, 18], 1 - 0.9), conformal.sets([-1, 8.5, 18], 0.1))
    assert conformal.coverage_statement(1 - 0.9)[0].expected == pytest.approx(0.9)


@pytest.mark.parametrize(("alpha", "needed"), [(0.05, 19), (0.1, 9), (1 - 0.9, 9), (0.2, 4), (0.01, 99), (0.5, 1)])
def test_records_needed_are_the_fewest_that_can_leave_a_class_out(alpha, needed):
    assert records_needed(alpha) == needed
    for n in (needed, needed - 1):
        smallest_p = 1 / (n + 1)
        assert (smallest_p <= alpha + 1e-9) == (n == needed)


def test_too_few_records_are_refused():
    conformal = ClassConditionalConformal().fit(np.arange(100), np.arange(100) < 18)
    message = "18 calibration records of class 1 are too few for sets at 0.95: at least 19 are needed; ask for a level"
    for ask in (lambda: conformal.sets([1.0], 0.05), lambda: conformal.coverage_statement(0.05)):
        with pytest.raises(FHRError, match=message):
            ask()
    assert conformal.sets([1.0], 0.1).shape == (1, 2)
    with pytest.raises(FHRError, match="0 calibration records of class 1 are too few"):
        ClassConditionalConformal().fit([1.0, 2.0], [0, 0]).sets([1.0], 0.4)


def test_the_statement_reads_as_a_sentence():
    s, y = births(100, np.random.default_rng(7), positives=26)
    negative, positive = ClassConditionalConformal().fit(s, y).coverage_statement(0.1)
    assert positive.text("ph<7.05") == (
        "Of births like these with ph<7.05, at least 90% get a set that holds the truth, on average over calibration "
        "samples; with these 26 calibration records the share itself lies between 83% and 99% with 90% probability."
    )
    assert negative.text("ph<7.05").startswith("Of births like these without ph<7.05, at least 90% get")
    assert (negative.label, negative.n_calibration, negative.guaranteed) == (0, 74, 0.9)


def test_there_and_back_as_plain_types():
    s, y = births(50, np.random.default_rng(8))
    conformal = ClassConditionalConformal().fit(s, y)
    again = ClassConditionalConformal.from_dict(json.loads(json.dumps(conformal.to_dict())))
    np.testing.assert_array_equal(again.p_values(s), conformal.p_values(s))
    assert again.n_calibration == (20, 30)


def test_errors():
    conformal = ClassConditionalConformal()
    with pytest.raises(FHRError, match="not fitted; call fit"):
        conformal.p_values([1.0])
    with pytest.raises(OutcomeError, match="they must be 0 or 1"):
        conformal.fit([1.0, 2.0], [0, 2])
    with pytest.raises(FHRError, match="NaN or infinite"):
        conformal.fit([1.0, np.nan], [0, 1])
    conformal.fit(np.arange(40), np.arange(40) // 20)
    with pytest.raises(FHRError, match="NaN or infinite"):
        conformal.sets([np.inf], 0.1)
    with pytest.raises(FHRError, match=r"alpha=90 is not in \(0, 1\); give the share of misses allowed"):
        conformal.sets([1.0], 90)
    with pytest.raises(CheckpointError, match=r"has the keys \['positives'\]"):
        ClassConditionalConformal.from_dict({"positives": [1.0]})
    with pytest.raises(CheckpointError, match="is nan; it must be a finite number"):
        ClassConditionalConformal.from_dict({"positives": [np.nan], "negatives": [1.0]})
