import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold

from fhr.calibration import METHODS, Recalibration
from fhr.calibration.recalibration import lines_of
from fhr.compute import stream
from fhr.errors import FHRError
from fhr.evaluation import cross_fitted, learning_curve, recalibrated_results


def births(n: int, a: float = 0.8, b: float = 0.5, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Labels, and probabilities that should have been expit(a + b logit p)."""
    generator = np.random.default_rng(seed)
    x = generator.normal(-1.5, 1, n)
    return (generator.random(n) < expit(a + b * x)).astype(int), expit(x)


@pytest.mark.parametrize("method", METHODS)
def test_a_birth_has_no_part_in_its_own_recalibration(method):
    labels, p = births(90)
    found = cross_fitted(labels, p, method, seed=3)
    for others, own in StratifiedKFold(10, shuffle=True, random_state=3).split(p, labels):
        made = Recalibration.fit(labels[others], p[others], method)
        assert found[own] == pytest.approx(made.predict(p[own]), abs=1e-6)


def test_no_recalibration_changes_nothing():
    labels, p = births(60)
    assert cross_fitted(labels, p, "none") is not None
    assert cross_fitted(labels, p, "none").tolist() == p.tolist()


@pytest.mark.statistics
def test_cross_fitted_log_loss_is_that_of_new_births():
    fitted, apart, fresh = [], [], []
    new, q = births(5000, seed=1000)
    for seed in range(60):
        labels, p = births(100, seed=seed)
        ((intercept, slope),) = lines_of("ridge_platt", logit(p), labels, np.ones((1, 100), dtype=int))
        fitted.append(log_loss(labels, expit(intercept + slope * logit(p))))
        apart.append(log_loss(labels, cross_fitted(labels, p, "ridge_platt", seed=seed)))
        fresh.append(log_loss(new, expit(intercept + slope * logit(q))))
    assert np.mean(fitted) < np.mean(fresh) - 0.005
    assert np.mean(apart) == pytest.approx(np.mean(fresh), abs=2.5 * np.std(apart) / np.sqrt(60))


def test_results_of_each_method_leave_textbook_nulls_out():
    labels, p = births(300)
    found = recalibrated_results(labels, p, logit(p), n_resamples=50)
    assert list(found) == ["none", *METHODS]
    for metrics in found.values():
        assert not {"cox_p", "ece_perfect_mean", "ece_perfect_p95"} & set(metrics)
        assert metrics["auroc"] == found["none"]["auroc"]
    assert found["none"]["log_loss"].value == pytest.approx(log_loss(labels, p))
    assert found["ridge_platt"]["log_loss"].value < found["none"]["log_loss"].value
    assert found["intercept"]["observed_to_expected"].value == pytest.approx(1, abs=0.02)


def test_a_learning_curve_of_a_miscalibrated_model():
    labels, p = births(400)
    curve = learning_curve(labels, p, repeats=40)
    none, rows = curve.iloc[0], curve.set_index(["method", "n"])
    assert (none["method"], none["n"], none["gain"], none["usable"]) == ("none", 0, 0, 1)
    assert curve["n"].tolist() == [0, *([20, 50, 100, 200] * 2)]
    assert set(curve["tested"]) == {200}
    gains = rows.loc["ridge_platt", "gain"]
    assert gains[200] > gains[50]
    assert gains[200] > 0.02
    assert rows.loc[("ridge_platt", 200), "worse"] < 0.1
    assert rows.loc[("ridge_platt", 200), "slope"] == pytest.approx(1, abs=0.2)
    assert rows.loc[("intercept", 200), "slope"] == pytest.approx(none["slope"], abs=1e-6)
    assert rows.loc[("intercept", 200), "observed_to_expected"] == pytest.approx(1, abs=0.05)
    again = learning_curve(labels, p, repeats=40)
    assert curve.equals(again)


def test_births_buy_nothing_where_the_model_is_right():
    curve = learning_curve(*births(400, 0, 1), repeats=40).set_index(["method", "n"])
    assert curve.loc[("ridge_platt", 50), "gain"] < 0
    assert curve.loc[("ridge_platt", 50), "worse"] > 0.5


def test_a_row_is_its_definition():
    labels, p = births(60)
    row = learning_curve(labels, p, sizes=[40], repeats=1, seed=5).set_index("method").loc["ridge_platt"]
    order = np.argsort(stream(5, "births of a learning curve").random((1, 60)), axis=1)[0]
    drawn, rest = order[:40], order[40:]
    made = Recalibration.fit(labels[drawn], p[drawn])
    assert row["log_loss"] == pytest.approx(log_loss(labels[rest], made.predict(p[rest])))
    assert row["gain"] == pytest.approx(log_loss(labels[rest], p[rest]) - row["log_loss"])


def test_draws_with_too_few_positives_are_not_used():
    generator = np.random.default_rng(0)
    p = generator.uniform(0.01, 0.1, 300)
    curve = learning_curve((generator.random(300) < p).astype(int), p, repeats=50).set_index(["method", "n"])
    assert curve.loc[("ridge_platt", 20), "usable"] < 0.05
    assert np.isnan(curve.loc[("ridge_platt", 20), "gain"])
    assert 0.3 < curve.loc[("intercept", 20), "usable"] < 1


def test_a_small_hospital_is_halved():
    assert learning_curve(*births(30), repeats=5)["n"].tolist() == [0, 15, 15]


@pytest.mark.parametrize("sizes", [[50, 20], [20, 20], [0], [60]])
def test_sizes_that_cannot_be_drawn(sizes):
    with pytest.raises(FHRError, match="give rising numbers below 60, and 1 or more"):
        learning_curve(*births(60), sizes=sizes)
