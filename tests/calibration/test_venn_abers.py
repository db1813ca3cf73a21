import json
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from fhr.calibration import VennAbers
from fhr.errors import CheckpointError, FHRError


def isotonic(scores, labels):
    """The isotonic fit at each distinct score, by pooling adjacent violators in rational numbers."""
    blocks = []
    for score in sorted(set(scores)):
        group = [label for s, label in zip(scores, labels, strict=True) if s == score]
        blocks.append([[score], sum(group), len(group)])
        while len(blocks) > 1 and Fraction(*blocks[-2][1:]) >= Fraction(*blocks[-1][1:]):
            upper, lower = blocks.pop(), blocks.pop()
            blocks.append([a + b for a, b in zip(lower, upper, strict=True)])
    return {score: Fraction(y, n) for within, y, n in blocks for score in within}


def brute_force(scores, labels, score):
    return [float(isotonic([*scores, score], [*labels, label])[score]) for label in (0, 1)]


@given(st.data())
def test_is_the_isotonic_fit_with_one_record_added(data):
    scores = data.draw(st.lists(st.integers(0, 12), min_size=20, max_size=40))
    labels = data.draw(st.permutations([0] * 5 + [1] * 5 + [k % 3 // 2 for k in range(len(scores) - 10)]))
    at = np.arange(-1, 14, 0.5)
    low, high = VennAbers().fit(scores, labels).interval(at)
    expected = [brute_force(scores, labels, score) for score in at]
    assert np.column_stack([low, high]).tolist() == expected


@pytest.mark.parametrize("decimals", [16, 1])
def test_agrees_with_the_package(decimals):
    with np.errstate():  # it changes numpy's settings as it is imported
        from venn_abers import VennAbers as Package
    generator = np.random.default_rng(3)
    for n in (30, 442):
        p = generator.random(n).round(decimals)
        y = (generator.random(n) < p**3).astype(int)
        fresh = np.concatenate([p, generator.random(200).round(decimals), [0, 1]])
        package = Package()
        with np.errstate(divide="ignore", invalid="ignore"):
            package.fit(np.column_stack([1 - p, p]), y)
            merged, interval = package.predict_proba(np.column_stack([1 - fresh, fresh]))
        ours = VennAbers().fit(p, y)
        np.testing.assert_allclose(np.column_stack(ours.interval(fresh)), interval, atol=1e-9)
        np.testing.assert_allclose(ours.predict(fresh), merged[:, 1], atol=1e-9)


def births(seed, shape, slope=1.5, intercept=-1.0):
    """Scores, labels and true probabilities; the score is a distorted one, as a network's would be."""
    generator = np.random.default_rng(seed)
    z = generator.normal(size=shape)
    p = expit(intercept + slope * z)
    return np.round(z**3, 1), (generator.random(shape) < p).astype(int), p


def test_the_probability_of_the_true_label_is_calibrated():
    # E[(y - p_y) f(p_y)] = 0 for every f: here the indicators of ten bins, the identity and 1, over 1,000 samples.
    draws, n = 1000, 60
    s, y, truth = births(5, (draws, n + 20))
    fitted = [VennAbers().fit(scores, labels) for scores, labels in zip(s[:, :n], y[:, :n], strict=True)]
    low, high = np.moveaxis([f.interval(scores) for f, scores in zip(fitted, s[:, n:], strict=True)], 1, 0)
    label = y[:, n:]

    def worst(p):
        error = label - p
        terms = [error * (np.minimum((p * 10).astype(int), 9) == b) for b in range(10)] + [error * p, error]
        means = np.mean(terms, axis=2)  # (term, draw): the fresh records of a draw share its sample
        return np.abs(means.mean(axis=1) / (means.std(axis=1) / np.sqrt(draws))).max()

    assert worst(np.where(label == 1, high, low)) < 4
    assert worst(np.where(label == 1, low, high)) > 10
    assert low.mean() < truth[:, n:].mean() < high.mean()


def test_little_data_widens_and_much_data_recovers_the_truth():
    widths = []
    for n in (50, 500, 5000):
        s, y, _ = births(1, n)
        low, high = VennAbers().fit(s, y).interval(s)
        widths.append(np.mean(high - low))
    assert widths == sorted(widths, reverse=True)
    assert widths[-1] < 0.01
    s, y, truth = births(2, 20_000)
    assert np.abs(VennAbers().fit(s, y)(s) - truth).mean() < 0.03


@given(st.integers(0, 10_000))
def test_order_and_bounds(seed):
    s, y, _ = births(seed, 80)
    calibrator = VennAbers().fit(s, y)
    at = np.sort(np.concatenate([s, s + 0.05, [-1e9, 1e9]]))
    low, high = calibrator.interval(at)
    p = calibrator(at)
    assert (low < high).all()
    assert ((low <= p) & (p <= high)).all()
    assert all((np.diff(values) >= -1e-15).all() for values in (low, high, p))
    assert low[0] == 0
    assert high[-1] == 1
    factor_and_shift = VennAbers().fit(7 + 0.5 * s, y)
    np.testing.assert_array_equal(factor_and_shift.interval(7 + 0.5 * at), (low, high))


def test_a_constant_score():
    calibrator = VennAbers().fit(np.full(30, 2.0), np.arange(30) < 9)
    np.testing.assert_allclose(calibrator.interval([1, 2, 3]), [[0, 9 / 31, 9 / 31], [10 / 31, 10 / 31, 1]])


def test_shapes():
    calibrator = VennAbers().fit(*births(0, 60)[:2])
    for shape in ((), (0,), (3, 4)):
        scores = np.zeros(shape, dtype=np.float32)
        assert calibrator(scores).shape == shape
        assert calibrator(scores).dtype == np.float64
        assert [p.shape for p in calibrator.interval(scores)] == [shape, shape]


def test_only_the_steps_are_kept():
    s, y, _ = births(0, 400)
    s = s + np.linspace(0, 1e-3, 400)
    calibrator = VennAbers().fit(s, y)
    state = calibrator.to_dict()
    assert sum(len(values) for values in state.values() if isinstance(values, list)) < 400
    again = VennAbers.from_dict(json.loads(json.dumps(state)))
    np.testing.assert_array_equal(again.interval(s), calibrator.interval(s))
    assert again.to_dict() == state


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("low", [0.0]),
        ("low", [0.1, 0.2]),
        ("high", [0.5, 0.4]),
        ("high", [0.5, 0.9]),
        ("low_from", [float("nan")]),
        ("high_to", ["much"]),
        ("high_to", 1.0),
    ],
)
def test_a_spoilt_state_is_refused(key, value):
    state = {"kind": "venn_abers", "mean": 0.0, "scale": 1.0}
    state |= {"low_from": [0.0], "low": [0.0, 0.4], "high_to": [0.0], "high": [0.5, 1.0]}
    assert VennAbers.from_dict(state).predict(0.0) == 0.5 / (1 - 0.4 + 0.5)
    with pytest.raises(CheckpointError, match="is not one that fit makes"):
        VennAbers.from_dict({**state, key: value})


def test_unfit_input_is_refused():
    s, y, _ = births(0, 60)
    with pytest.raises(FHRError, match="1 of 2 scores are NaN or infinite"):
        VennAbers().fit(s, y).interval([0.0, np.nan])
    with pytest.raises(FHRError, match="this VennAbers is not fitted"):
        VennAbers().interval([0.0])
    with pytest.raises(FHRError, match="at least 20 with 5 of each class"):
        VennAbers().fit(s[:19], y[:19])
