import numpy as np
import pytest

from fhr.errors import SignalError
from fhr.features import DEEP_CTG, FeatureSet, deep_ctg
from fhr.preprocessing import DEFAULT_STEPS, clean


def strip(fs: float = 4.0) -> tuple[np.ndarray, np.ndarray]:
    """30 min at 140 bpm with 3 triangular decelerations (40 bpm, 80 s) and 2 accelerations (30 bpm, 50 s)."""
    t = np.arange(round(1800 * fs)) / fs
    fhr = 140 + 4 * np.sin(2 * np.pi * t / 15) + np.random.default_rng(0).normal(size=len(t)) / 2
    for at in (400, 800, 1200):
        fhr -= 40 * np.clip(1 - np.abs(t - at) / 40, 0, None)
    for at in (200, 1500):
        fhr += 30 * np.clip(1 - np.abs(t - at) / 25, 0, None)
    return fhr, np.full(len(t), np.nan)


@pytest.mark.parametrize("fs", [1.0, 4.0])
def test_what_was_put_in_is_read_off(fs):
    """A triangle has half its height times its base: 3 x 40 x 80 / 2 and 2 x 30 x 50 / 2 bpm s, in half an hour."""
    lowest, highest, rises, falls = deep_ctg(*strip(fs), fs=fs)
    assert 136 < lowest < highest < 144
    assert falls == pytest.approx(4800 * 2, rel=0.15)
    assert rises == pytest.approx(1500 * 2, rel=0.25)


def test_a_baseline_that_climbs_has_its_ends():
    t = np.arange(7200) / 4
    fhr = 125 + 25 * t / 1800 + np.random.default_rng(0).normal(size=7200) / 2
    lowest, highest, *_ = deep_ctg(fhr, np.zeros(7200))
    assert lowest == pytest.approx(125, abs=3)
    assert highest == pytest.approx(150, abs=3)


def test_only_the_last_half_hour_counts():
    fhr, uc = strip()
    wild = np.concatenate([np.random.default_rng(1).uniform(60, 200, 9000), fhr])
    np.testing.assert_array_equal(deep_ctg(wild, np.full(16200, np.nan)), deep_ctg(fhr, uc))


def test_a_batch_is_its_signals_one_by_one():
    fhr, uc = strip()
    batch = np.stack([fhr, fhr + 10, np.full(7200, np.nan)]).reshape(3, 1, 7200)
    found = deep_ctg(batch, np.broadcast_to(uc, batch.shape))
    assert found.shape == (3, 1, len(DEEP_CTG))
    np.testing.assert_array_equal(found[0, 0], deep_ctg(fhr, uc))
    np.testing.assert_allclose(found[1, 0, :2] - found[0, 0, :2], 10, atol=2)
    assert np.isnan(found[2]).all()


def test_areas_are_of_the_time_that_is_known():
    """A lost stretch takes its deceleration with it, one without any makes the others more."""
    fhr, uc = strip()
    whole = deep_ctg(fhr, uc)[3]
    for start, kept in ((700, 2 / 3), (1250, 1)):
        lost = fhr.copy()
        lost[4 * start : 4 * (start + 200)] = np.nan
        assert deep_ctg(lost, uc)[3] == pytest.approx(whole * kept * 1800 / 1600, rel=0.1)


@pytest.mark.parametrize(("seconds", "known"), [(299, False), (301, True)])
def test_five_minutes_are_needed(seconds, known):
    fhr, uc = strip()
    fhr[4 * seconds :] = np.nan
    assert np.isfinite(deep_ctg(fhr, uc)).all() == known
    assert np.isnan(deep_ctg(fhr, uc)).all() != known


def test_signals_that_do_not_fit_are_refused():
    with pytest.raises(SignalError, match=r"fhr has shape \(8,\), uc \(7,\); give both"):
        deep_ctg(np.ones(8), np.ones(7))
    with pytest.raises(SignalError, match=r"fhr has shape \(\), uc \(\)"):
        deep_ctg(140.0, 0.0)
    with pytest.raises(SignalError, match=r"sampled at 0\.5 Hz; the baseline needs 1 Hz or more"):
        deep_ctg(np.ones(8), np.ones(8), fs=0.5)


def test_real_windows_are_columns_of_the_feature_table(ctu_uhb_database):
    table = FeatureSet(groups=("morphology",))
    columns = [table.names.index(name.removesuffix("_30")) for name in DEEP_CTG]
    for recording in ctu_uhb_database.recordings[:8]:
        fhr = clean(recording, DEFAULT_STEPS).fhr
        np.testing.assert_allclose(deep_ctg(fhr, recording.uc), table(recording)[columns])
