import numpy as np
import pytest

from fhr.features import FeatureSet
from fhr.features.morphology_columns import MORPHOLOGY_COLUMNS, morphology_features
from fhr.morphology import analyze
from fhr.recording import Recording

NAMES = [column.name for column in MORPHOLOGY_COLUMNS]
FALLS, RISES, PEAKS = (400.0, 800.0, 1200.0), (200.0, 1500.0), np.arange(100.0, 1800.0, 200.0)


def window(fs: float = 4.0) -> tuple[np.ndarray, np.ndarray]:
    """30 min at 140 bpm with 3 decelerations of 40 bpm, 2 accelerations of 30 bpm, and 9 contractions."""
    t = np.arange(round(1800 * fs)) / fs
    fhr = 140 + 4 * np.sin(2 * np.pi * t / 15) + np.random.default_rng(0).normal(size=len(t)) / 2
    for at in FALLS:
        fhr -= 40 * np.clip(1 - np.abs(t - at) / 40, 0, None)
    for at in RISES:
        fhr += 30 * np.clip(1 - np.abs(t - at) / 25, 0, None)
    uc = 10 + 40 * np.exp(-(((t[:, None] - PEAKS) / 25) ** 2) / 2).sum(axis=1)
    return fhr, uc


def features_of(fhr: np.ndarray, uc: np.ndarray, fs: float = 4.0) -> dict[str, float]:
    return dict(zip(NAMES, morphology_features(fhr[None], uc[None], fs=fs)[0], strict=True))


@pytest.mark.parametrize("fs", [1.0, 2.0, 4.0, 8.0])
def test_what_was_put_in_is_read_off(fs):
    found = features_of(*window(fs), fs)
    assert found["baseline_mean"] == pytest.approx(140, abs=2)
    assert found["baseline_min"] == pytest.approx(140, abs=4)
    assert found["baseline_max"] == pytest.approx(140, abs=4)
    assert found["decelerations"] == 6
    assert found["accelerations"] == 4
    assert found["deceleration_area"] == pytest.approx(2 * 3 * 40 * 40, rel=0.15)
    assert found["acceleration_area"] == pytest.approx(2 * 2 * 30 * 25, rel=0.25)
    assert found["deceleration_depth"] == pytest.approx(40, abs=6)
    assert found["deceleration_length"] == pytest.approx(75, abs=15)
    assert found["contractions"] == pytest.approx(3, abs=0.35)
    assert found["bandwidth"] == pytest.approx(9, abs=1.5)
    assert 0 < found["stv"] < found["ltv"]


def test_a_gap_between_events_changes_rates_little():
    fhr, uc = window()
    whole = features_of(fhr, uc)
    fhr[4 * 860 : 4 * 1130] = np.nan
    fewer = features_of(fhr, uc)
    assert fewer["decelerations"] == pytest.approx(whole["decelerations"] / (1 - 270 / 1800))
    for name in ("baseline_mean", "deceleration_depth", "bandwidth", "stv"):
        assert fewer[name] == pytest.approx(whole[name], rel=0.1)


def test_no_event_is_zero_and_no_signal_is_nan():
    calm = 140 + 4 * np.sin(np.arange(7200) / 10)
    uc = np.full(7200, np.nan)
    found = features_of(calm, uc)
    for name in ("accelerations", "acceleration_area", "decelerations", "deceleration_area"):
        assert found[name] == 0
    assert found["deceleration_depth"] == found["deceleration_length"] == 0
    assert np.isnan(found["contractions"])
    calm[1199:] = np.nan
    assert np.isnan(list(features_of(calm, uc).values())).all()
    assert np.isnan(list(features_of(calm * np.nan, window()[1]).values())).all()
    assert np.isnan(list(features_of(calm[:40], uc[:40]).values())).all()


def test_each_window_is_analysed_alone():
    fhr, uc = window()
    both = morphology_features(np.stack([fhr, fhr[::-1]]), np.stack([uc, uc[::-1]]), fs=4.0)
    for k, (a, b) in enumerate([(fhr, uc), (fhr[::-1], uc[::-1])]):
        np.testing.assert_array_equal(both[k], morphology_features(a[None], b[None], fs=4.0)[0])
    assert morphology_features(fhr[None][:0], uc[None][:0], fs=4.0).shape == (0, len(NAMES))


def test_the_columns_agree_with_the_tables_of_the_same_window(ctu_uhb_database):
    features = FeatureSet(groups=("morphology",))
    compared = 0
    for original in list(ctu_uhb_database)[:8]:
        last = features.windows(original)
        found = dict(zip(features.names, features.compute(last.fhr, last.uc)[0], strict=True))
        tables = analyze(Recording("window", last.fhr[0], last.uc[0], fs=4.0))
        if "halved or doubled" in set(tables.uncertain["reason"]):
            continue  # quality comes first in an analysis; columns take the window as it was cleaned
        compared += 1
        known = np.isfinite(last.fhr[0]).sum() / 4 / 3600
        assert found["decelerations"] == pytest.approx(len(tables.decelerations) / known)
        assert found["deceleration_area"] == pytest.approx(tables.decelerations["area"].sum() / known, rel=1e-4)
        assert found["acceleration_area"] == pytest.approx(tables.accelerations["area"].sum() / known, rel=1e-4)
        assert found["baseline_min"] == pytest.approx(tables.baseline[np.isfinite(last.fhr[0])].min(), abs=0.01)
        assert found["stv"] == pytest.approx(tables.variation["stv_ms"], rel=1e-3)
    assert compared >= 6
