"""Groups that compare signals: gaps, octaves, quantiles and responses of built windows, and what all promise."""

import numpy as np
import pytest

from fhr.errors import FHRError, SignalError
from fhr.features import SIGNAL_GROUPS, FeatureSet

HOUR = FeatureSet(groups=SIGNAL_GROUPS, minutes=60)
NAMES, OF_GROUP = np.array(HOUR.names), np.array(HOUR.column_groups)
LOSS = OF_GROUP == "gap_pattern"


def of(fhr: np.ndarray, uc: np.ndarray) -> dict[str, float]:
    return dict(zip(HOUR.names, HOUR.compute(np.atleast_2d(fhr), np.atleast_2d(uc))[0].tolist(), strict=True))


def test_the_pattern_of_loss_is_what_was_cut_out():
    fhr, uc = np.full((2, 14400), 140.0)
    fhr[:7200] = 120
    for start, seconds in ((100, 2), (1000, 8), (2400, 30), (3000, 300)):
        fhr[4 * start : 4 * (start + seconds)] = np.nan
    fhr[4 * 995 : 4 * 1000] = 80  # before the second gap
    uc[4 * 3100 :] = np.nan
    found = of(fhr, uc)
    assert found["fhr_loss"] == pytest.approx(340 / 3600)
    assert found["fhr_loss_at_end"] == pytest.approx(330 / 1200)
    assert found["fhr_loss_in_long_gaps"] == pytest.approx(300 / 3600)
    assert found["fhr_gaps"] == 4
    assert found["fhr_longest_gap"] == pytest.approx(np.log(301))
    logs = np.log([2, 8, 30, 300])
    assert found["fhr_gap_length"] == pytest.approx(logs.mean())
    assert found["fhr_gap_length_spread"] == pytest.approx(logs.std())
    assert found["loss_of_both"] == pytest.approx(200 / 3600)
    assert found["level_before_gaps"] == pytest.approx((120 + 80 + 140 + 140) / 4 - np.nanmedian(fhr))
    assert (found["uc_loss"], found["uc_gaps"]) == (pytest.approx(500 / 3600), 1)
    assert np.isnan([found["uc_gap_length"], found["uc_gap_length_spread"]]).all()


@pytest.mark.parametrize(("hz", "octave"), [(0.011, "128s"), (0.05, "32s"), (0.37, "4s"), (1.4, "1s")])
def test_a_sinusoid_has_its_power_in_its_octave(hz, octave, with_gaps):
    x = 140 + 4 * np.sin(2 * np.pi * hz * np.arange(14400) / 4)
    found = of(x, with_gaps(x / 2, fraction=0.1))
    powers = {name: found[name] for name in HOUR.names if name.startswith("power_")}
    assert max(powers, key=powers.__getitem__) == f"power_{octave}"
    assert powers[f"power_{octave}"] == pytest.approx(np.log(8), abs=0.15)
    assert found[f"uc_power_{octave}"] == pytest.approx(np.log(2), abs=0.3)


def test_quantiles_of_activity():
    uc = np.random.default_rng(0).gamma(2.0, 10.0, 3600)
    uc[1000:1500] = np.nan
    found = of(np.full(14400, 140.0), np.repeat(uc, 4))
    for q in (5, 25, 50, 75, 95, 99):
        assert found[f"uc_q{q}"] == pytest.approx(np.nanpercentile(uc, q))


def test_the_response_to_contractions(labour, with_gaps):
    fhr, uc = labour(1, seed=1)  # nadirs 35 s after the peaks
    found, lost = of(fhr, uc), of(with_gaps(fhr), uc)
    responses = {at: found[f"response_{at}"] for at in ("minus_30s", "0s", "30s", "60s", "90s")}
    assert min(responses, key=responses.__getitem__) == "30s"
    assert found["response_range"] > responses["0s"] - responses["30s"] > 10
    for at, value in responses.items():
        assert lost[f"response_{at}"] == pytest.approx(value, abs=3)
    assert found["response_strength"] > 0.6
    assert found["coherence_contractions"] > 0.3
    other = of(fhr, np.random.default_rng(0).normal(size=14400))
    assert np.isnan(other["response_0s"])  # noise holds no contraction
    assert other["response_strength"] < 0.3


def test_a_batch_is_one_by_one(labour, with_gaps):
    fhr, uc = labour(3)
    fhr, uc = with_gaps(fhr), with_gaps(uc, seed=1)
    uc[2] = np.nan
    whole = HOUR.compute(fhr, uc)
    for i in (0, 2):
        np.testing.assert_allclose(HOUR.compute(fhr[i : i + 1], uc[i : i + 1])[0], whole[i], rtol=1e-9, atol=1e-9)
    assert np.isfinite(whole[:2]).all()
    assert HOUR.compute(fhr[:0], uc[:0]).shape == (0, len(NAMES))


def test_nothing_measured_and_nothing_that_moves(labour):
    nothing = np.full((1, 14400), np.nan)
    found = HOUR.compute(nothing, nothing)[0]
    known = LOSS & [not ("length" in name or "level" in name) for name in NAMES]
    np.testing.assert_array_equal(np.isnan(found), ~known)
    still = HOUR.compute(np.full((1, 14400), 140.0), np.full((1, 14400), 7.0))[0]
    assert not np.isinf(still).any()
    told = np.array(
        [n.startswith(("power_", "uc_power_", "uc_q", "increment_size", "uc_increment_size")) for n in NAMES]
    )
    np.testing.assert_array_equal(np.isnan(still[~LOSS]), ~told[~LOSS])
    fhr, _ = labour(1)
    without = HOUR.compute(fhr, nothing)[0]
    of_fhr = np.array([n.startswith(("C", "c1_", "c2_", "c3_", "power_", "increment_")) for n in NAMES])
    assert np.isfinite(without[of_fhr]).all()


@pytest.mark.parametrize(("minutes", "fs"), [(30, 4.0), (45, 8.0), (90, 4.0)])
def test_windows_and_rates(labour, minutes, fs):
    features = FeatureSet(groups=SIGNAL_GROUPS, minutes=minutes, fs=fs)
    features.check()
    found = features.compute(*labour(1, minutes=minutes, fs=fs))
    assert found.shape == (1, len(NAMES)) == (1, len(features.names))
    assert not np.isinf(found).any()


def test_rates_and_windows_that_cannot_be_are_refused():
    with pytest.raises(SignalError, match="multiple of the 4 Hz"):
        FeatureSet(groups=("octave_spectra",), fs=2.0).check()
    with pytest.raises(FHRError, match=r"scale_cumulants features of windows of 25 min; they need 25\.6 min"):
        FeatureSet(groups=("scale_cumulants",), minutes=25).check()
    with pytest.raises(FHRError, match="coupling features of windows of 9 min"):
        FeatureSet(groups=("coupling",), minutes=9).check()
