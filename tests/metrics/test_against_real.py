import numpy as np
import pytest
from scipy.stats import binom

from fhr.errors import FHRError
from fhr.metrics import against_real, each_time, fidelity_indices, fidelity_verdict, marginal_distance, rejection_rates
from fhr.metrics.fidelity_power import ANY

NAMES = {"mmd2", "marginal_distance", "imprecision", "lost_recall", "density"}


@pytest.fixture(scope="module")
def rows():
    generator = np.random.default_rng(0)
    return generator.normal(size=(200, 6)) @ generator.normal(size=(6, 6))


def shifted_mean(real, synthetic):
    return {"mean": float(synthetic.mean() - real.mean())}


def as_they_are(rows):
    return lambda new, training, generator: rows[new]


def test_p_and_z_are_of_the_splits(rows):
    training, held_out, synthetic = rows[:100], rows[100:140], rows[140:180]
    found = against_real(each_time(shifted_mean), training, held_out, synthetic, n_splits=2000)["mean"]
    assert found.value == pytest.approx(synthetic.mean() - held_out.mean())
    # the law of the mean of 40 of 140 rows drawn without replacement is known
    pool = np.concatenate([training, synthetic]).mean(axis=1)
    spread = np.sqrt(pool.var(ddof=1) / 40 * (1 - 40 / 140))
    assert found.z == pytest.approx((synthetic.mean() - pool.mean()) / spread, abs=0.1)
    assert found.usual == pytest.approx(pool.mean() - held_out.mean(), abs=0.1 * spread)
    worst = against_real(each_time(shifted_mean), training, held_out, synthetic + 100, n_splits=200)["mean"]
    assert worst.p == 1 / 201


def test_an_index_without_a_value_is_not_judged(rows):
    def unknown(real, synthetic):
        return {**shifted_mean(real, synthetic), "unknown": np.nan}

    found = against_real(each_time(unknown), rows[:100], rows[100:140], rows[140:180], n_splits=200)
    assert np.isnan(found["unknown"]).all()
    assert 0 < found["mean"].p <= 1


def test_copies_of_training_rows_gain_nothing_and_a_shift_is_found(rows):
    training, held_out = rows[:120], rows[120:160]
    copies = against_real(fidelity_indices, training, held_out, training[:40], n_splits=200)
    assert set(copies) == NAMES
    assert min(of.p for of in copies.values()) > 0.02
    far = against_real(fidelity_indices, training, held_out, rows[160:] + 3, n_splits=200)
    assert far["mmd2"].p == far["marginal_distance"].p == 1 / 201
    assert far["mmd2"].z > 5


def test_the_same_seed_gives_the_same_and_order_of_rows_gives_the_same_value(rows):
    given = rows[:100], rows[100:140], rows[140:170]
    first = against_real(fidelity_indices, *given, n_splits=200, seed=1)
    assert first == against_real(fidelity_indices, *given, n_splits=200, seed=1)
    other = against_real(fidelity_indices, given[0], given[1], given[2][::-1], n_splits=200, seed=1)
    assert {k: v.value for k, v in other.items()} == pytest.approx({k: v.value for k, v in first.items()})


@pytest.mark.statistics
def test_false_alarms_are_inside_the_binomial_band(rows):
    draws, level = 100, 0.1
    rates = rejection_rates(
        each_time(lambda x, y: {**shifted_mean(x, y), "other": abs(float(y[:, 0].std() - x[:, 0].std()))}),
        rows,
        {"none": as_they_are(rows)},
        n=60,
        n_held_out=40,
        n_draws=draws,
        level=level,
    )["none"]
    low, high = binom.interval(0.999, draws, level) / np.array(draws)
    assert low <= rates["mean"] <= high
    assert low <= rates["other"] <= high
    assert rates[ANY] <= high


@pytest.mark.statistics
def test_power_grows_with_the_defect(rows):
    def shifted(by):
        return lambda new, training, generator: rows[new] + by

    made = {"none": shifted(0), "some": shifted(0.7), "all": shifted(5)}
    rates = rejection_rates(
        each_time(lambda x, y: {"away": marginal_distance(x, y)}), rows, made, n=30, n_held_out=30, n_draws=8
    )
    assert rates["none"]["away"] < rates["all"]["away"] == rates["all"][ANY] == 1
    assert rates["none"]["away"] <= rates["some"]["away"]


def test_a_verdict_needs_fidelity_and_no_memorisation_and_power():
    likes, copies = {"mmd2": 0.3, "frechet": 0.03}, {"stretch": 0.2, "whole": 0.9}
    strong, weak = {"no lag": 0.9}, {"no lag": 0.9, "no asymmetry": 0.3}
    assert fidelity_verdict(likes, copies, strong).good is True  # 0.03 of two is 0.06 after Holm
    unlike = fidelity_verdict({**likes, "frechet": 0.02}, copies, strong)
    assert (unlike.good, unlike.infidelities) == (False, ("frechet",))
    memorised = fidelity_verdict(likes, {**copies, "stretch": 0.001}, strong)
    assert (memorised.good, memorised.memorisations) == (False, ("stretch",))
    assert memorised.words == "not good: memorises (stretch)"
    few = fidelity_verdict({"mmd2": 0.001}, copies, weak)
    assert few.good is None
    assert few.words == "no verdict: too few records to find planted defects (power: no asymmetry 30%)"


def test_errors(rows):
    given = rows[:20], rows[20:40], rows[40:70]
    with pytest.raises(FHRError, match=r"30 synthetic and 20 training rows; .* hand in 20 synthetic rows at most"):
        against_real(fidelity_indices, *given)
    with pytest.raises(FHRError, match="n_splits=199; give at least 200"):
        against_real(fidelity_indices, rows[:40], *given[1:], n_splits=199)
    with pytest.raises(FHRError, match="6 real and 5 synthetic columns"):
        against_real(fidelity_indices, rows[:40], rows[40:60], rows[60:80, :5])
    with pytest.raises(FHRError, match="200 real records for 90 new and 30 held-out ones"):
        rejection_rates(fidelity_indices, rows, {"none": as_they_are(rows)}, n=90, n_held_out=30)
    with pytest.raises(FHRError, match=r"n_draws=0, level=0.05"):
        rejection_rates(fidelity_indices, rows, {"none": as_they_are(rows)}, n=30, n_held_out=30, n_draws=0)
    with pytest.raises(FHRError, match="no power; a verdict needs"):
        fidelity_verdict({"mmd2": 0.3}, {"copying": 0.3}, {})
    with pytest.raises(FHRError, match="fidelity of 'mmd2' is nan"):
        fidelity_verdict({"mmd2": np.nan}, {"copying": 0.3}, {"no lag": 1.0})
