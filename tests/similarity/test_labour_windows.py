import numpy as np
import pytest
from some_labours import labour

from fhr.errors import FHRError, SignalError
from fhr.similarity import LabourWindows


def test_windows_are_counted_back_from_the_end_at_the_rate_that_is_asked_for():
    recording = labour("a", 1, minutes=50, gap=False)
    windows = LabourWindows.of(recording, minutes=20, fs=1.0, step=10)
    assert windows.end.tolist() == [3000, 2400, 1800, 1200]
    assert windows.start.tolist() == [1800, 1200, 600, 0]
    assert windows.signal.shape == (4, 2, 1200)
    assert windows.signal.dtype == np.float32
    np.testing.assert_allclose(windows.signal[0, 0], recording.fhr[-4800:].reshape(-1, 4).mean(axis=1), rtol=1e-5)
    assert set(windows.names) == {"a"}
    assert windows.minutes == 20


def test_an_end_moves_the_window_and_nothing_behind_it_is_in_it():
    recording = labour("a", 1, minutes=50, gap=False)
    window = LabourWindows.of(recording, minutes=20, end=1500)
    assert (window.start[0], window.end[0]) == (300, 1500)
    np.testing.assert_array_equal(window.signal[0, 1], recording.uc[1200:6000])


def test_loss_is_of_the_heart_rate():
    recording = labour("a", 1, minutes=20, gap=False)
    fhr = recording.fhr.copy()
    fhr[:1200] = np.nan
    windows = LabourWindows.of(labour_with(recording, fhr), minutes=20)
    assert windows.loss == pytest.approx(0.25)
    assert windows[[0, 0]].loss.shape == (2,)


def labour_with(recording, fhr):
    from dataclasses import replace

    return replace(recording, fhr=fhr)


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ({"minutes": 60}, SignalError, "shorter than one window"),
        ({"fs": 3.0}, SignalError, "3"),
        ({"end": 3000.0}, SignalError, "end it within"),
        ({"end": 0.0}, SignalError, "end it within"),
        ({"end": float("nan")}, SignalError, "end it within"),
        ({"minutes": 0}, FHRError, "minutes"),
        ({"step": -1}, FHRError, "step"),
    ],
)
def test_what_cannot_be_cut_is_refused(given, error, said):
    with pytest.raises(error, match=said):
        LabourWindows.of(labour("a", 1), **given)


def test_windows_of_other_lengths_are_not_joined():
    recording = labour("a", 1)
    parts = [LabourWindows.of(recording, minutes=minutes) for minutes in (10, 20)]
    with pytest.raises(FHRError, match="of one rate and length"):
        LabourWindows.joined(parts)
    with pytest.raises(FHRError):
        LabourWindows.joined([])
    assert len(LabourWindows.joined([parts[0], parts[0]])) == 2
