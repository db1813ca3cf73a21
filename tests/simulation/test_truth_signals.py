"""Truth in time: the signals of a labour at the rate of a window, and events as shares of its samples."""

import numpy as np
import pytest

from fhr.errors import SignalError
from fhr.simulation import TRUTH_SIGNALS, simulate_labour, truth_signals


def test_rows_are_the_truth_of_the_last_minutes():
    truth = simulate_labour(3, seed=1).truth
    found = dict(zip(TRUTH_SIGNALS, truth_signals(truth, minutes=60, fs=1.0), strict=True))
    assert all(row.shape == (3600,) and row.dtype == np.float32 for row in found.values())
    np.testing.assert_allclose(found["rate"], truth.fhr[-14400:].reshape(-1, 4).mean(1), atol=1e-3)
    np.testing.assert_allclose(found["baseline"], truth.baseline[-14400:].reshape(-1, 4).mean(1), atol=1e-3)
    np.testing.assert_allclose(found["artefact"], truth.artefact[-14400:].reshape(-1, 4).mean(1))
    start = len(truth.fhr) / truth.fs - 3600  # s
    for row, kinds in (("contraction", ["contraction"]), ("deceleration", ["early", "late", "variable", "prolonged"])):
        events = truth.events.of(*kinds)
        assert len(events.kind)
        inside = np.zeros(3600, dtype=bool)
        for first, last in zip(events.start_s - start, events.end_s - start, strict=True):
            inside[max(0, int(first)) : max(0, int(np.ceil(last)))] = True
        assert not found[row][~inside].any()
        assert found[row][inside].mean() > 0.9


def test_a_longer_window_and_an_odd_rate_are_refused():
    truth = simulate_labour(3, seed=1).truth
    with pytest.raises(SignalError, match="min of signal where the last 100 min are needed"):
        truth_signals(truth, minutes=100, fs=1.0)
    with pytest.raises(SignalError, match="no multiple"):
        truth_signals(truth, minutes=60, fs=1.5)
