import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import expit, log_expit, logit
from scipy.stats import chi2

from fhr.calibration import Beta, RidgePlatt
from fhr.errors import CheckpointError, FHRError


def curve(z, a, b, c):
    """Beta calibration as the paper writes it."""
    q = expit(z)
    return expit(a * np.log(q) - b * np.log(1 - q) + c)


def births(n, a, b, c, seed=0):
    """Scores of mean 0 and standard deviation 1, and labels."""
    generator = np.random.default_rng(seed)
    z = generator.normal(size=n)
    z = (z - z.mean()) / z.std()
    return z, (generator.random(n) < curve(z, a, b, c)).astype(int)


@pytest.mark.parametrize("truth", [(1.0, 1.0, 0.0), (2.0, 0.5, -1.0), (0.3, 3.0, -2.0)])
def test_recovers_its_parameters(truth):
    distances = []
    for seed in range(10):
        z, y = births(20_000, *truth, seed=seed)
        state = Beta(1e-6).fit(z, y).to_dict()
        error = np.array([state[key] for key in "abc"]) - truth
        x, p = np.stack([log_expit(z), -log_expit(-z), np.ones_like(z)]), curve(z, *truth)
        distances.append(error @ (x * p * (1 - p)) @ x.T @ error)  # in units of the Fisher information: chi2 of 3
        assert np.abs(error).max() < 0.5
    assert chi2(30).ppf(0.001) < sum(distances) < chi2(30).ppf(0.999)


def test_the_formula_is_that_of_the_paper():
    z, y = births(300, 2.0, 0.5, -1.0)
    calibrator = Beta().fit(z, y)
    state = calibrator.to_dict()
    at = np.linspace(-5, 5, 50)
    np.testing.assert_allclose(calibrator(at), curve(at, state["a"], state["b"], state["c"]), atol=1e-12)


@pytest.mark.parametrize("penalty", [0.01, 1.0, 50.0])
@pytest.mark.parametrize("truth", [(1.0, 1.0, -2.0), (4.0, 0.0, 2.0), (0.0, 3.0, -2.0), (0.0, 0.0, -1.0)])
def test_minimises_its_objective_within_the_bounds(penalty, truth):
    for seed in range(5):
        z, y = births(150, *truth, seed=seed)
        q = np.stack([log_expit(z), -log_expit(-z)], axis=1)

        def objective(abc, q=q, y=y):
            return np.logaddexp(0, (1 - 2 * y) * (q @ abc[:2] + abc[2])).sum() + penalty / 4 * abc[:2] @ abc[:2]

        state = Beta(penalty).fit(z, y).to_dict()
        fitted = objective(np.array([state["a"], state["b"], state["c"]]))
        bounds = [(0, None), (0, None), (None, None)]
        assert fitted <= minimize(objective, [1, 1, 0], bounds=bounds, tol=1e-12).fun + 1e-6
        assert min(state["a"], state["b"]) >= 0


def test_a_negative_coefficient_is_left_out_and_the_other_fitted_again():
    z = np.linspace(-2, 2, 400)
    y = (np.random.default_rng(0).random(400) < expit(1.5 * np.maximum(z, 0) ** 2 - 2)).astype(int)  # flat, then steep
    state = Beta(1e-6).fit(z, y).to_dict()
    assert state["a"] == 0
    assert state["b"] > 1


def test_a_calibrated_logit_is_left_as_it_is():
    generator = np.random.default_rng(0)
    logits = generator.normal(-1.5, 1.3, size=200_000)
    y = (generator.random(len(logits)) < expit(logits)).astype(int)
    p = Beta().fit(logits, y)(logits)
    assert np.abs(p - expit(logits)).max() < 0.01


def test_equal_slopes_have_the_ridge_of_ridge_platt():
    # Symmetric data: a = b, so that both minimise the same thing.
    z = np.concatenate([np.linspace(-2, 1, 40), np.linspace(-1, 2, 40)])
    y = np.repeat([0, 1], 40)
    for penalty in (0.1, 1.0, 20.0):
        np.testing.assert_allclose(Beta(penalty).fit(z, y)(z), RidgePlatt(penalty).fit(z, y)(z), atol=1e-6)


@given(st.integers(0, 10_000), st.floats(1e-2, 1e3))
def test_keeps_the_prevalence_and_the_order(seed, penalty):
    generator = np.random.default_rng(seed)
    y = np.arange(80) < 12
    s = generator.normal(size=80) + y
    calibrator = Beta(penalty).fit(s, y)
    assert calibrator(s).mean() == pytest.approx(0.15, abs=1e-6)
    p = calibrator([-1e300, -1e3, *np.sort(s), 1e3, 1e300])
    assert (np.diff(p) >= -1e-15).all()
    assert ((p >= 0) & (p <= 1)).all()


def test_separated_classes_stay_finite():
    state = Beta().fit(np.arange(60.0), np.repeat([0, 1], 30)).to_dict()
    assert 0 < state["a"] < 10
    assert state["a"] == pytest.approx(state["b"], abs=1e-5)


def test_a_reversed_ranking_gets_the_prevalence():
    y = np.arange(60) < 20
    state = Beta().fit(-1.0 * y + np.linspace(0, 0.1, 60), y).to_dict()
    assert (state["a"], state["b"], state["c"]) == (0.0, 0.0, pytest.approx(logit(1 / 3)))


def test_shapes():
    calibrator = Beta().fit(*births(200, 1, 1, 0))
    for shape in ((), (0,), (3, 4)):
        assert calibrator(np.zeros(shape, dtype=np.float32)).shape == shape
        assert calibrator(np.zeros(shape, dtype=np.float32)).dtype == np.float64


def test_unfit_parameters_are_refused():
    with pytest.raises(FHRError, match="penalty=0; give a positive number"):
        Beta(0)
    state = Beta().fit(*births(200, 1, 1, 0)).to_dict()
    for key, value in (("a", -1.0), ("b", float("nan")), ("c", float("inf")), ("penalty", 0.0)):
        with pytest.raises(CheckpointError, match="is not one that fit makes"):
            Beta.from_dict({**state, key: value})
