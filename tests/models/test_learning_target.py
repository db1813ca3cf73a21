import numpy as np
import pandas as pd
import pytest

from fhr.models.learning_target import learning_target

RNG = np.random.default_rng(2)
N = 200
OUTCOMES = pd.DataFrame(
    {"ph": RNG.normal(7.2, 0.12, N), "bdecf": RNG.normal(5, 4, N), "apgar1": RNG.integers(2, 11, N).astype(float)}
)


def z(x):
    return (x - x.mean()) / x.std()


BASE = -z(np.clip(OUTCOMES["ph"].to_numpy(), 6.95, 7.35)) + 0.5 * z(np.clip(OUTCOMES["bdecf"].to_numpy(), -1, 16))


@pytest.mark.parametrize("label", ["ph<=7.15", "ph<7.20", "ph<7.10"])
def test_a_common_label_of_ph_is_learnt_from_ph_and_base_deficit(label):
    np.testing.assert_allclose(learning_target(OUTCOMES, label), BASE)


def test_a_rare_one_from_the_births_around_its_threshold_too():
    ph = OUTCOMES["ph"].to_numpy()
    expected = BASE + 0.5 * z((ph < 7.05).astype(float)) + 0.5 * z((ph < 7.10).astype(float))
    np.testing.assert_allclose(learning_target(OUTCOMES, "ph<7.05"), expected)
    lower = learning_target(OUTCOMES, "ph<=7.0")
    assert np.corrcoef(lower, ph < 7.0)[0, 1] > np.corrcoef(BASE, ph < 7.0)[0, 1]


def test_a_label_of_something_else_from_itself_too():
    low = (OUTCOMES["apgar1"] < 7).to_numpy(dtype=float)
    np.testing.assert_allclose(learning_target(OUTCOMES, "apgar1<7"), BASE + 0.5 * z(low))
    both = ((OUTCOMES["ph"] < 7.15) & (OUTCOMES["bdecf"] >= 6)).to_numpy(dtype=float)
    np.testing.assert_allclose(learning_target(OUTCOMES, "ph<7.15 & bdecf>=6"), BASE + 0.5 * z(both))
    np.testing.assert_allclose(learning_target(OUTCOMES, "apgar1<0"), BASE)  # which nobody has


def test_unknown_base_deficits_take_the_median_and_none_at_all_nothing():
    some = OUTCOMES.copy()
    some.loc[:40, "bdecf"] = np.nan
    filled = some.fillna({"bdecf": some["bdecf"].median()})
    np.testing.assert_allclose(learning_target(some, "ph<7.20"), learning_target(filled, "ph<7.20"))
    none = OUTCOMES.assign(bdecf=np.nan)
    np.testing.assert_allclose(learning_target(none, "ph<7.20"), -z(np.clip(OUTCOMES["ph"].to_numpy(), 6.95, 7.35)))


def test_the_same_outcome_for_all_is_nothing_to_learn():
    assert not learning_target(pd.DataFrame({"ph": [7.2] * 9, "bdecf": [np.nan] * 9}), "ph<7.05").any()
