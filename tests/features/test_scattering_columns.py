"""Scattering columns against theory: sinusoids, invariances, noise, gaps."""

import numpy as np
import pytest

from fhr.datamodules.features import compute_features
from fhr.errors import FHRError, SignalError
from fhr.features import GROUPS, OPTIONAL_GROUPS, SCATTERING_COLUMNS, FeatureSet, read_features, scattering_features
from fhr.preprocessing import DEFAULT_STEPS
from fhr.processes import fbm
from fhr.simulation import simulate, write_database

NAMES = [column.name for column in SCATTERING_COLUMNS]
HERTZ = [0.7, 0.35, 0.175, 0.0875, 0.04375, 0.021875]
BANDS, RATIOS = slice(0, 6), slice(6, 9)
SET = FeatureSet(groups=("scattering",))


def walk(n: int = 20, hurst: float = 0.5, seed: int = 1) -> np.ndarray:
    """Windows of 30 min at 4 Hz, as rough as fetal heart rate, of some bpm."""
    x = fbm(7200, hurst, size=n, seed=seed)
    return 140 + 10 * x / x.std()


@pytest.mark.parametrize("band", range(6))
def test_a_sinusoid_lies_in_its_band(band):
    t = np.arange(7200) / 4
    (row,) = scattering_features(140 + 6 * np.cos(2 * np.pi * HERTZ[band] * t)[None], fs=4.0)
    assert np.argmax(row[BANDS]) == band
    assert row[band] == pytest.approx(np.log(6 / 2), abs=0.02)
    others = np.delete(row[BANDS], band)
    assert (others < row[band] - 0.7).all()


def test_level_changes_nothing_and_a_factor_only_the_bands():
    x = walk()
    before, after = scattering_features(x, fs=4.0), scattering_features(90 + 3 * (x - 140), fs=4.0)
    np.testing.assert_allclose(after[:, BANDS], before[:, BANDS] + np.log(3), atol=1e-9)
    np.testing.assert_allclose(after[:, RATIOS], before[:, RATIOS], atol=1e-9)


def test_a_shift_in_time_changes_little():
    rng = np.random.default_rng(4)
    frequency = np.fft.rfftfreq(7200, 1 / 4)
    spectrum = np.exp(2j * np.pi * rng.random((5, len(frequency)))) / np.maximum(frequency, 0.01)
    x = 140 + 500 * np.fft.irfft(spectrum)  # periodic: rolling it brings no new signal in
    moved = scattering_features(np.roll(x, 333, axis=-1), fs=4.0) - scattering_features(x, fs=4.0)
    assert np.abs(moved[:, :4]).max() < 0.05
    assert np.abs(moved[:, RATIOS]).max() < 0.02


@pytest.mark.parametrize("hurst", [0.3, 0.8])
def test_bands_of_fractional_brownian_motion_lie_on_a_line_and_its_ratios_are_known(hurst):
    x = fbm(7200, hurst, size=40, seed=2)
    found = scattering_features(10 * x / np.diff(x).std(), fs=4.0)
    steps = np.diff(found[:, 1:6], axis=1).mean()  # an octave slower is 2^H times larger
    assert steps / np.log(2) == pytest.approx(hurst, abs=0.03)
    np.testing.assert_allclose(found[:, RATIOS].mean(axis=0), [0.19, 0.16, 0.12], atol=0.011)


def test_white_noise_has_the_amplitude_of_theory():
    """Half an octave of bandwidth less, 1/sqrt(2) of the amplitude; bursts are seen in the ratios."""
    x = 140 + np.random.default_rng(0).normal(size=(20, 7200))
    found = scattering_features(x, fs=4.0)
    np.testing.assert_allclose(np.diff(found[:, 1:5].mean(axis=0)), -np.log(2) / 2, atol=0.03)
    bursts = 1 + 0.9 * np.sign(np.sin(2 * np.pi * np.arange(7200) / 4 / 30))
    assert (scattering_features(140 + (x - 140) * bursts, fs=4.0)[:, RATIOS] > found[:, RATIOS]).all()


@pytest.mark.parametrize("hurst", [0.3, 0.6])
def test_gaps_stay_gaps(hurst):
    x = walk(40, hurst)
    rng = np.random.default_rng(3)
    mask = np.ones_like(x, dtype=bool)
    for row in mask:
        while row.mean() > 0.8:
            start = rng.integers(7200)
            row[start : start + rng.integers(4, 240)] = False
    complete, holed = scattering_features(x, fs=4.0), scattering_features(np.where(mask, x, np.nan), fs=4.0)
    t = np.arange(7200)
    bridged = np.array([np.interp(t, t[known], row[known]) for row, known in zip(x, mask, strict=True)])
    moved = (holed - complete).mean(axis=0)
    assert np.abs(moved[BANDS]).max() < 0.05
    assert np.abs(moved[RATIOS] / complete[:, RATIOS].mean(axis=0)).max() < 0.05
    assert (scattering_features(bridged, fs=4.0) - complete).mean(axis=0)[:3].max() < -0.15


def test_too_little_signal_is_nan_and_silence_is_no_number_that_explodes():
    x = walk(4)
    x[0] = np.nan
    x[1, 1000:] = np.nan  # 250 s
    x[2] = 140.0
    found = scattering_features(x, fs=4.0)
    assert np.isnan(found[:2]).all()
    np.testing.assert_allclose(found[2, BANDS], np.log(0.01))
    assert np.isnan(found[2, RATIOS]).all()
    assert np.isfinite(found[3]).all()
    assert np.isnan(scattering_features(x[:, :1279], fs=4.0)).all()
    assert np.isfinite(scattering_features(x[3:, :1280], fs=4.0)).all()
    assert scattering_features(x[:0], fs=4.0).shape == (0, 9)


def test_rates():
    x = walk(3)
    np.testing.assert_allclose(scattering_features(x.repeat(2, axis=-1), fs=8.0), scattering_features(x, fs=4.0))
    with pytest.raises(SignalError, match="no multiple of the 4 Hz"):
        scattering_features(x, fs=2.0)
    with pytest.raises(FHRError, match=r"scattering features of windows of 5 min; they need 5.33 min"):
        FeatureSet(groups=("scattering",), minutes=5.0).check()
    SET.check()


@pytest.mark.cuda
def test_cuda_gives_the_same_numbers():
    x = walk(3)
    x[1, 1000:2000] = np.nan
    expected = scattering_features(x, fs=4.0)
    np.testing.assert_allclose(scattering_features(x, fs=4.0, device="cuda"), expected, rtol=1e-8)


def test_the_default_set_is_the_one_of_stored_checkpoints():
    assert FeatureSet().groups == GROUPS
    assert FeatureSet().checksum == "14290466ae9f544076407923562895f6007050cbb0f8c7c0d57098f8b2dc032e"
    earlier = FeatureSet(steps=tuple(step for step in DEFAULT_STEPS if step.name != "remove_held"))
    assert earlier.checksum == "e0cec7f0860770865084f6062bbcab0122000d54f03a6453c869f888fe24dc5b"
    assert SET.checksum == "081cf404dcb1e0a71dd827e4c4e2d046b6824f0f07cc147faa92aa5ad84d3aa5"
    scalar = FeatureSet(groups=("scalar",))
    assert scalar.checksum == "d9bdf8c4e9272342d35911f919a08b3439c9fe3305144a894138235782e5b337"
    assert not set(NAMES) & set(FeatureSet().names)
    assert OPTIONAL_GROUPS[0] == "scattering"
    whole = FeatureSet(groups=(*GROUPS, "scattering"))
    assert whole.names == (*FeatureSet().names, *NAMES)
    assert FeatureSet.from_dict(whole.to_dict()) == whole
    assert len(set(whole.names)) == len(whole.names)
    every = FeatureSet(groups=(*GROUPS, *OPTIONAL_GROUPS))
    assert every.names[: len(whole.names)] == whole.names
    assert FeatureSet.from_dict(every.to_dict()) == every
    assert len(set(every.names)) == len(every.names)


def test_the_verb_writes_them_with_units_and_descriptions(run_fhr, tmp_path):
    write_database(tmp_path / "births", 2, seed=0)
    answer = run_fhr(tmp_path, "features", "births", "--out", "t.parquet", "--groups", "scattering", "--step", 30)
    assert answer.code == 0
    table = read_features(tmp_path / "t.parquet")
    assert table.attrs["features"] == NAMES
    for column in SCATTERING_COLUMNS:
        fact = table.attrs["columns"][column.name]
        assert (fact["unit"], fact["description"]) == (column.unit, column.description)
    assert np.isfinite(table[NAMES].to_numpy()).any()


def test_a_network_can_have_them_beside_the_signal():
    recordings = list(simulate(2, seed=0))
    table = compute_features(recordings, SET).table
    assert table.columns.tolist() == NAMES
    np.testing.assert_allclose(table.to_numpy(), [SET(recording) for recording in recordings])
