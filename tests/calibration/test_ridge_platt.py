import logging
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import logit

from fhr.calibration import RidgePlatt
from fhr.errors import CheckpointError, FHRError, OutcomeError
from fhr.metrics import auroc, calibration_line


def births(n, seed=0, positives=None):
    generator = np.random.default_rng(seed)
    y = (generator.random(n) < 0.1).astype(int) if positives is None else np.arange(n) < positives
    return generator.normal(size=n) + 1.2 * y, np.asarray(y, dtype=int)


@pytest.mark.parametrize("penalty", [0.01, 1.0, 50.0])
def test_minimises_its_objective(penalty):
    s, y = births(300)
    z = (s - s.mean()) / s.std()

    def objective(line):
        return np.logaddexp(0, -(2 * y - 1) * (line[0] + line[1] * z)).sum() + penalty / 2 * line[1] ** 2

    state = RidgePlatt(penalty).fit(s, y).to_dict()
    expected = minimize(objective, [0, 0], tol=1e-12).x
    np.testing.assert_allclose([state["intercept"], state["slope"]], expected, atol=1e-4)


@given(
    seed=st.integers(0, 10_000),
    penalty=st.floats(1e-2, 1e3),
    factor=st.floats(1e-3, 1e3),
    shift=st.floats(-1e3, 1e3),
)
def test_keeps_the_prevalence_and_the_order(seed, penalty, factor, shift):
    s, y = births(60, seed, positives=8)
    s = factor * s + shift
    calibrator = RidgePlatt(penalty).fit(s, y)
    p = calibrator(s)
    assert p.mean() == pytest.approx(y.mean(), abs=1e-6)
    assert (np.diff(p[np.argsort(s)]) >= -1e-15).all()
    assert ((p >= 0) & (p <= 1)).all()


def test_unit_and_origin_of_the_score_do_not_matter():
    s, y = births(200)
    np.testing.assert_allclose(RidgePlatt().fit(s, y)(s), RidgePlatt().fit(7 - 0.01 * -s, y)(7 + 0.01 * s), atol=1e-9)


def test_probabilities_of_much_data_are_calibrated():
    s, y = births(20_000)
    fresh_s, fresh_y = births(20_000, seed=1)
    p = RidgePlatt().fit(s, y)(fresh_s)
    line = calibration_line(fresh_y, p)
    assert line.slope == pytest.approx(1, abs=0.1)
    assert line.intercept == pytest.approx(0, abs=0.2)
    assert auroc(fresh_y, p) == auroc(fresh_y, fresh_s)


def test_separated_classes_stay_finite_and_more_penalty_shrinks_more():
    s, y = np.arange(40.0), np.repeat([0, 1], 20)
    slopes = [RidgePlatt(penalty).fit(s, y).to_dict()["slope"] for penalty in (0.1, 1.0, 10.0, 1e4)]
    assert np.isfinite(slopes).all()
    assert slopes == sorted(slopes, reverse=True)
    assert slopes[-1] == pytest.approx(0, abs=0.01)


def test_a_ranking_is_never_reversed(caplog):
    s, y = births(100, positives=15)
    with caplog.at_level(logging.WARNING, logger="fhr"):
        calibrator = RidgePlatt().fit(-s, y)
    assert "higher scores went with lower risk in these 100 records" in caplog.text
    assert "every record gets about the prevalence 0.15" in caplog.text
    np.testing.assert_allclose(calibrator([-5.0, 0.0, 5.0]), 0.15)


def test_a_constant_score_gets_the_prevalence():
    y = np.arange(50) < 10
    calibrator = RidgePlatt().fit(np.full(50, 0.1), y)
    np.testing.assert_allclose(calibrator([-3.0, 0.1, 9.0]), 0.2)
    assert calibrator.to_dict()["intercept"] == pytest.approx(logit(0.2))


def test_shapes():
    calibrator = RidgePlatt().fit(*births(100, positives=20))
    assert calibrator(0.5).shape == ()
    assert calibrator([]).shape == (0,)
    assert calibrator(np.zeros((3, 4), dtype=np.float32)).shape == (3, 4)
    assert calibrator(np.zeros(2, dtype=np.float32)).dtype == np.float64


def test_state_is_plain_and_comes_back_exactly():
    s, y = births(100, positives=20)
    calibrator = RidgePlatt(2.5).fit(s, y)
    state = calibrator.to_dict()
    assert list(state) == ["kind", "penalty", "mean", "scale", "slope", "intercept"]
    assert state["kind"] == "ridge_platt"
    assert all(type(value) is float for key, value in state.items() if key != "kind")
    again = RidgePlatt.from_dict(pickle.loads(pickle.dumps(state)))
    np.testing.assert_array_equal(again(s), calibrator(s))
    assert again.to_dict() == state


@pytest.mark.parametrize(
    ("n", "positives", "text"),
    [
        (19, 8, "19 records, 8 positive and 11 negative, are too few to calibrate on; give at least 20 with 5 of each"),
        (40, 4, "40 records, 4 positive and 36 negative, are too few"),
        (40, 37, "40 records, 37 positive and 3 negative, are too few"),
    ],
)
def test_too_few_records_are_refused(n, positives, text):
    with pytest.raises(FHRError, match=text):
        RidgePlatt().fit(*births(n, positives=positives))


def test_the_smallest_sample_is_accepted():
    RidgePlatt().fit(*births(20, positives=5))


def test_unfit_input_is_refused():
    s, y = births(40, positives=10)
    with pytest.raises(FHRError, match="1 of 40 scores are NaN or infinite"):
        RidgePlatt().fit(np.where(np.arange(40) == 3, np.inf, s), y)
    with pytest.raises(OutcomeError, match="they must be 0 or 1"):
        RidgePlatt().fit(s, y + 1)
    with pytest.raises(FHRError, match="rescale them to a usual range"):
        RidgePlatt().fit(s * 1e300, y)
    with pytest.raises(FHRError, match="1 of 2 scores are NaN or infinite"):
        RidgePlatt().fit(s, y)([np.nan, 1.0])
    with pytest.raises(FHRError, match="penalty=0; give a positive number"):
        RidgePlatt(0)


def test_an_unfitted_calibrator_says_so():
    for use in (RidgePlatt().to_dict, lambda: RidgePlatt()([0.0])):
        with pytest.raises(FHRError, match=r"not fitted; call fit\(scores, labels\) or from_dict first"):
            use()


def test_a_spoilt_state_is_refused():
    state = RidgePlatt().fit(*births(40, positives=10)).to_dict()
    with pytest.raises(CheckpointError, match="fit the calibrator again"):
        RidgePlatt.from_dict({key: state[key] for key in ("slope", "intercept")})
    for key, value in (("slope", -1.0), ("scale", 0.0), ("mean", float("nan")), ("penalty", 0.0)):
        with pytest.raises(CheckpointError, match="is not one that fit makes"):
            RidgePlatt.from_dict({**state, key: value})
