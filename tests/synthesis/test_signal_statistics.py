"""Table of statistics: its columns, its rows whatever the chunk, what of it turns with a planted defect."""

from importlib import import_module

import numpy as np
import pytest

from fhr.errors import FHRError, SignalError
from fhr.features import FeatureSet
from fhr.recording import Recording
from fhr.simulation import simulate, simulate_recording
from fhr.synthesis import STATISTIC_FAMILIES, STATISTICS, signal_statistics, window_statistics
from fhr.synthesis.signal_statistics import COMPUTED

NAMES = [column.name for column in STATISTICS]


@pytest.fixture(scope="module")
def windows():
    """FHR and UC (3, 14400) of simulated labours, cleaned."""
    cut = [COMPUTED.windows(recording) for recording in simulate(3, seed=5)]
    return tuple(np.concatenate([getattr(one, name) for one in cut]) for name in ("fhr", "uc"))


def test_every_column_has_a_name_a_unit_and_a_family():
    assert len(set(NAMES)) == len(NAMES) > 200
    assert list(STATISTIC_FAMILIES) == NAMES
    assert set(STATISTIC_FAMILIES.values()) == {
        *("multiscale", "cross-scale", "cross-channel", "spectra", "asymmetry"),
        *("order statistics", "morphology", "coupling", "loss"),
    }
    assert all(column.unit and column.description for column in STATISTICS)
    family = STATISTIC_FAMILIES.__getitem__
    assert [
        family(n) for n in ("C2_5", "lag_60", "decelerations_20", "increment_skewness_5s", "asymmetry_6_12s_60")
    ] == [*("multiscale", "coupling", "morphology", "asymmetry", "asymmetry")]
    assert not any(name.endswith(("_30", "first_20", "second_20")) for name in NAMES)


def test_rows_are_those_of_the_windows(windows):
    table = signal_statistics(simulate(3, seed=5))
    assert list(table.index) == ["s0001", "s0002", "s0003"]
    assert list(table.columns) == NAMES
    expected = window_statistics(*windows)
    np.testing.assert_allclose(table.to_numpy(), expected, rtol=1e-9, atol=1e-9)
    one = FeatureSet(groups=("event_statistics",), minutes=60)
    np.testing.assert_array_equal(
        table["largest_depth_20"], one.compute(*windows)[:, one.names.index("largest_depth_20")]
    )
    assert np.isnan(expected).mean() < 0.05
    assert signal_statistics([]).shape == (0, len(NAMES))


def test_chunks_change_nothing(windows, monkeypatch):
    whole = window_statistics(*windows)
    monkeypatch.setattr(import_module(signal_statistics.__module__), "_AT_ONCE", 2)
    np.testing.assert_allclose(window_statistics(*windows), whole, rtol=1e-7, atol=1e-7)


def test_each_defect_shows_in_its_family(windows):
    fhr, uc = windows
    table = dict(zip(NAMES, window_statistics(fhr, uc).T, strict=True))
    back = dict(zip(NAMES, window_statistics(fhr[:, ::-1], uc[:, ::-1]).T, strict=True))
    np.testing.assert_allclose(back["increment_skewness_5s"], -table["increment_skewness_5s"], rtol=1e-9)
    np.testing.assert_allclose(back["power_32s"], table["power_32s"], atol=0.1)
    swapped = dict(zip(NAMES, window_statistics(fhr, np.roll(uc, 1, axis=0)).T, strict=True))
    for name in ("response_strength", "coherence_contractions"):
        assert swapped[name].mean() < table[name].mean()
    same = {name: np.array_equal(swapped[name], table[name], equal_nan=True) for name in NAMES}
    changed = {STATISTIC_FAMILIES[name] for name in NAMES if not same[name]}
    assert changed >= {"cross-channel", "coupling", "loss"}
    assert "cross-scale" not in changed  # of FHR alone
    of_fhr = [name for name in NAMES if name.startswith(("C", "power_", "amplitude_", "modulation_", "increment_"))]
    for name in of_fhr:
        np.testing.assert_array_equal(swapped[name], table[name])


def test_what_is_no_hour_is_refused():
    for shapes in (((2, 14400), (1, 14400)), ((2, 7200), (2, 7200)), ((14400,), (14400,))):
        with pytest.raises(FHRError, match=r"give both as \(window, 14400\), 60 min at 4 Hz"):
            window_statistics(*(np.zeros(shape) for shape in shapes))
    recording = simulate_recording(0, seed=1)
    with pytest.raises(FHRError, match="s0001"):
        signal_statistics([recording, recording])
    short = Recording(name="short", fhr=recording.fhr[:9000], uc=recording.uc[:9000], fs=4.0)
    with pytest.raises(SignalError, match=r"short: .*shorter than one window of 60 min"):
        signal_statistics([short])
