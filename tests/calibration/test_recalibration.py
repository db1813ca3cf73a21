import json

import numpy as np
import pytest
from scipy.special import expit, logit

from fhr.calibration import METHODS, Recalibration, RidgePlatt
from fhr.calibration.local_lines import intercepts, ridge_platt_lines
from fhr.errors import CheckpointError, FHRError


def births(n: int, a: float, b: float, seed: int = 0, prevalence: float = 0.2) -> tuple[np.ndarray, np.ndarray]:
    """Labels, and probabilities that should have been expit(a + b logit p)."""
    generator = np.random.default_rng(seed)
    x = generator.normal(logit(prevalence), 1, n)
    return (generator.random(n) < expit(a + b * x)).astype(int), expit(x)


@pytest.mark.parametrize("seed", range(6))
def test_ridge_platt_is_the_calibrator_of_that_name_on_log_odds(seed):
    labels, p = births(60 + 40 * seed, 0.3, 0.6, seed)
    expected = RidgePlatt().fit(logit(p), labels).predict(logit(p))
    assert Recalibration.fit(labels, p).predict(p) == pytest.approx(expected, abs=1e-6)


def test_each_resample_is_fitted_as_by_itself():
    labels, p = births(80, 0, 1)
    x, counts = logit(p), np.random.default_rng(1).integers(0, 3, (20, 80))
    lines, shifts = ridge_platt_lines(x, labels, counts), intercepts(x, labels, counts)
    for count, line, shift in zip(counts, lines, shifts, strict=True):
        records = np.repeat(np.arange(80), count)
        expected = RidgePlatt().fit(x[records], labels[records]).predict(x)
        assert expit(line[0] + line[1] * x) == pytest.approx(expected, abs=1e-6)
        assert expit(shift + x[records]).mean() == pytest.approx(labels[records].mean())


def test_classes_that_are_far_apart_have_the_line_of_the_calibrator():
    """Few positives, all far above the others: an undamped step runs away in one of ten resamples."""
    generator = np.random.default_rng(0)
    labels = (np.arange(36) >= 30).astype(int)
    x = 6 * labels - 3 + generator.normal(0, 0.1, 36)
    counts = generator.multinomial(36, np.full(36, 1 / 36), size=60)
    counts = counts[(counts @ labels >= 5)]
    for count, (intercept, slope) in zip(counts, ridge_platt_lines(x, labels, counts), strict=True):
        records = np.repeat(np.arange(36), count)
        expected = RidgePlatt().fit(x[records], labels[records]).predict(x)
        assert expit(intercept + slope * x) == pytest.approx(expected, abs=1e-6)


def test_one_class_has_no_line():
    counts = np.array([[1, 1, 0, 0], [1, 1, 1, 1]])
    for lines in (ridge_platt_lines, intercepts):
        found = lines(np.array([0.1, 0.2, 0.3, 0.4]), np.array([1, 1, 0, 0]), counts)
        assert np.isnan(found[0]).all()
        assert np.isfinite(found[1]).all()


@pytest.mark.parametrize("method", METHODS)
def test_the_mean_becomes_the_prevalence_and_the_ranking_stays(method):
    labels, p = births(300, 0.7, 1)
    made = Recalibration.fit(labels, p, method)
    assert made.predict(p).mean() == pytest.approx(labels.mean(), abs=1e-6)
    assert (np.argsort(made.predict(p)) == np.argsort(p)).all()
    assert made.prevalence == labels.mean()
    assert (made.slope == 1) == (method == "intercept")


def test_much_data_finds_the_line():
    labels, p = births(40_000, 0.5, 0.6)
    assert ridge_platt_lines(logit(p), labels, np.ones((1, 40_000), dtype=int))[0] == pytest.approx(
        (0.5, 0.6), abs=0.06
    )


@pytest.mark.filterwarnings("ignore")
def test_a_model_that_ranks_backwards_gives_everyone_the_prevalence(caplog):
    labels, p = births(100, 0, -1.5)
    made = Recalibration.fit(labels, p)
    assert made.slope == 0
    assert made.predict([0.01, 0.9]) == pytest.approx(labels.mean())
    assert "does not rank these 100 births" in caplog.text


def test_probabilities_of_0_and_1_stay_finite():
    labels, p = births(100, 0, 1)
    made = Recalibration.fit(labels, p)
    assert np.isfinite(np.array([made.predict([0.0, 1.0]), *made.interval([0.0, 1.0])])).all()


@pytest.mark.parametrize("method", METHODS)
def test_the_interval_is_around_the_probability_and_narrows(method):
    widths = []
    for n in (60, 800):
        labels, p = births(n, 0.5, 0.7)
        made = Recalibration.fit(labels, p, method)
        low, high = made.interval(p)
        assert ((low <= made.predict(p)) & (made.predict(p) <= high)).all()
        widths.append(np.mean(high - low))
    assert widths[1] < 0.5 * widths[0]


@pytest.mark.statistics
def test_the_interval_covers_the_true_curve():
    at, hits = expit(np.array([-1.0, 0.0, 1.0]) + logit(0.2)), []
    truth = expit(0.4 + 0.7 * logit(at))
    for seed in range(60):
        labels, p = births(150, 0.4, 0.7, seed)
        low, high = Recalibration.fit(labels, p, seed=seed).interval(at)
        hits.append((low <= truth) & (truth <= high))
    assert np.mean(hits) == pytest.approx(0.95, abs=0.05)


def test_one_after_another_is_one():
    labels, p = births(200, 0.5, 0.7)
    first = Recalibration.fit(labels, p)
    again, then = births(150, -0.3, 1.4, 1)
    second = Recalibration.fit(again, first.predict(then))
    both = second.after(first)
    assert both.predict(p) == pytest.approx(second.predict(first.predict(p)), abs=1e-9)
    assert both.interval(p)[0] == pytest.approx(second.interval(first.predict(p))[0], abs=1e-9)
    assert (both.births, both.positives) == (150, again.sum())


def test_plain_types_and_back():
    made = Recalibration.fit(*births(60, 0, 1), "intercept")
    assert Recalibration.from_dict(json.loads(json.dumps(made.to_dict()))) == made


@pytest.mark.parametrize(
    "changes",
    [
        {"method": "magic"},
        {"slope": -0.1},
        {"intercept": float("nan")},
        {"births": 10.5},
        {"positives": 0},
        {"positives": 60},
        {"intercepts": []},
        {"slopes": [1.0]},
        {"more": 1},
        {"slopes": "1"},
    ],
    ids=str,
)
def test_what_no_births_make_is_refused(changes):
    plain = Recalibration.fit(*births(60, 0, 1)).to_dict() | changes
    with pytest.raises(CheckpointError, match=r"recalibration that no births make: .*; recalibrate anew"):
        Recalibration.from_dict(plain)


def test_too_few_births_and_wrong_arguments():
    labels, p = births(60, 0, 1)
    with pytest.raises(FHRError, match="too few to calibrate on"):
        Recalibration.fit(labels[:19], p[:19])
    with pytest.raises(FHRError, match="too few to calibrate on"):
        Recalibration.fit([0] * 56 + [1] * 4, p)
    with pytest.raises(FHRError, match="recalibration by 'isotonic'; choose from intercept, ridge_platt"):
        Recalibration.fit(labels, p, "isotonic")
    with pytest.raises(FHRError, match="NaN or outside"):
        Recalibration.fit(labels, p).predict([1.2])
    with pytest.raises(FHRError, match="confidence=1"):
        Recalibration.fit(labels, p).interval(p, 1)
