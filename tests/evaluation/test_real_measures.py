"""Measurements of real windows, made once."""

import numpy as np

from fhr.evaluation import RealMeasures
from fhr.metrics import shifted_differences


def test_each_window_is_measured_once_and_stands_in_its_place(monkeypatch):
    draw = np.random.default_rng(0)
    signals, windows = draw.normal(size=(5, 2, 4)), draw.normal(140, 10, (2, 700))
    others = draw.normal(140, 10, (4, 700))
    seen = []

    def statistics(fhr, uc):
        seen.extend(fhr[:, 0])
        return fhr + uc

    monkeypatch.setattr("fhr.evaluation.real_measures.window_statistics", statistics)
    measures = RealMeasures()
    for rows in ([0, 1, 2], [4, 2, 0]):
        np.testing.assert_array_equal(measures.statistics(signals[rows]), signals[rows].sum(axis=1))
    assert seen == signals[[0, 1, 2, 4], 0, 0].tolist()

    expected = shifted_differences(windows, others, fs=1.0)
    for columns in ([0, 1], [3, 1, 2]):
        found = measures.differences(windows, others[columns], fs=1.0)
        np.testing.assert_allclose(found, expected[..., columns], atol=0.02)
