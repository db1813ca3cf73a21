"""Decelerations by the guidelines' own definitions, and what stress does to them."""

import numpy as np
import pytest

from fhr.simulation.acidosis import draw_hypoxia
from fhr.simulation.decelerations import LOWEST, Decelerations, draw_late, joined
from fhr.simulation.labour import FS, draw_labour
from fhr.simulation.shape import SHOULDER, drawn


@pytest.fixture(scope="module")
def births():
    labours = [draw_labour(np.random.default_rng(seed)) for seed in range(400)]
    return [(labour, draw_hypoxia(labour, np.random.default_rng(1000 + k))) for k, labour in enumerate(labours)]


def of(kind, births):
    """Labour and corners of every deceleration of a kind."""
    return [(labour, row) for labour, h in births for row in h.decelerations.corners[h.decelerations.kind == kind]]


def test_corners_are_in_order_and_none_is_over_another(births):
    for _, hypoxia in births:
        corners = hypoxia.decelerations.corners
        assert (np.diff(corners, axis=1) >= 0).all()
        assert (corners[1:, 0] >= corners[:-1, 4]).all()
        assert (hypoxia.decelerations.depth > 0).all()


def test_variable_ones_are_abrupt(births):
    rows = of("variable", births)
    assert len(rows) > 2000
    assert max(row[1] - row[0] for _, row in rows) < 30
    assert max(row[4] - row[0] for _, row in rows) < 300


def test_early_ones_are_gradual_and_with_the_peak(births):
    for labour, row in of("early", births):
        lag = row[2] - labour.peak
        assert np.abs(lag).min() <= 15
        assert row[2] - row[0] >= 30


def test_late_ones_are_gradual_and_after_the_peak(births):
    rows = of("late", births)
    assert len(rows) > 100
    for labour, row in rows:
        k = np.flatnonzero(labour.peak < row[2])[-1]
        # A late one of a long contraction may reach its nadir when the next one is at its peak.
        lags = row[2] - labour.peak[max(k - 1, 0) : k + 1]
        onsets = row[0] - (labour.peak - labour.duration / 2)[max(k - 1, 0) : k + 1]
        assert ((lags > 0) & (onsets > 20)).any()
        assert row[2] - row[0] >= 30


def test_prolonged_ones_last_more_than_three_minutes(births):
    rows = of("prolonged", births)
    assert len(rows) > 100
    assert min(row[4] - row[0] for _, row in rows) > 180


def test_stress_makes_late_ones_likelier_deeper_and_later():
    labour = draw_labour(np.random.default_rng(2))
    free = np.ones(len(labour.peak), dtype=bool)
    number, depth, lag = [], [], []
    for stress in (0.5, 1.5, 4.0):
        drawn_ones = [draw_late(labour, np.full(len(free), stress), free, np.random.default_rng(s)) for s in range(80)]
        number.append(sum(len(d.depth) for d in drawn_ones))
        depth.append(np.mean(np.concatenate([d.depth for d in drawn_ones])) if number[-1] else 0)
        lag.append(np.mean([np.abs(c[2] - labour.peak).min() for d in drawn_ones for c in d.corners] or [0]))
    assert number[0] == 0
    assert number[1] < number[2]
    assert depth[1] + 3 < depth[2]
    assert lag[1] + 2 < lag[2]


def test_the_burden_rises_with_the_area_of_decelerations_and_severity_is_standard(births):
    area = np.array([h.decelerations.area.sum() for _, h in births])
    severity = np.array([h.severity for _, h in births])
    assert np.corrcoef(np.log(area + 1000), severity)[0, 1] > 0.5
    assert abs(severity.mean()) < 0.2
    assert 0.85 < severity.std() < 1.15
    section = np.array([np.isnan(labour.stage2_start) for labour, _ in births])
    assert abs(severity[section].mean() - severity[~section].mean()) < 0.7  # 3.5 standard errors of 30 sections


def test_a_prolonged_one_takes_what_touches_it():
    corners = np.array([[10, 20, 25, 30, 40], [35, 50, 100, 200, 300], [290, 300, 310, 320, 330]], dtype=float)
    one = Decelerations(np.array(["variable", "prolonged", "variable"], dtype=object), corners, np.full(3, 30.0))
    left = joined(one)
    assert left.kind.tolist() == ["prolonged"]
    assert left.corners.tolist() == [corners[1].tolist()]


def test_of_two_that_touch_the_earlier_recovers_first():
    corners = np.array([[25, 40, 45, 50, 60], [0, 10, 15, 20, 30], [48, 55, 57, 59, 70]], dtype=float)
    left = joined(Decelerations(np.full(3, "variable", dtype=object), corners, np.full(3, 30.0)))
    assert left.corners[:, 0].tolist() == [0, 25]
    assert left.corners[0, 4] == 25


def test_the_wave_has_its_corners_and_its_depth():
    corners = np.array([[10.0, 20.0, 30.0, 50.0, 80.0]])
    wave = drawn(400, corners, np.array([40.0]))
    time = np.arange(400) / FS
    assert wave[(time <= 10) | (time >= 80)].max() == 0
    assert time[wave.argmax()] == 30
    assert wave.max() == 40
    assert wave[[80, 200]] == pytest.approx(SHOULDER * 40)
    assert (np.diff(wave[40:121]) > 0).all()
    assert (np.diff(wave[120:321]) < 0).all()
    # Half a wave between 0 and the shoulder is half the shoulder at its middle.
    assert wave[60] == pytest.approx(SHOULDER * 20)
    one = Decelerations(np.array(["variable"], dtype=object), corners, np.array([40.0]))
    assert one.area[0] == pytest.approx(wave.sum() / FS, rel=0.1)


def test_no_heart_falls_below_what_a_heart_can():
    corners = np.array([[10.0, 20.0, 30.0, 50.0, 80.0]])
    deep = Decelerations(np.array(["variable"], dtype=object), corners, np.array([90.0]))
    assert deep.above(np.full(400, 110.0)).depth == pytest.approx(110 - LOWEST)
    assert deep.above(np.full(400, 170.0)).depth == pytest.approx(90)


def test_waves_beyond_the_ends_are_cut():
    corners = np.array([[-20.0, -10.0, -5.0, 5.0, 20.0], [95.0, 105.0, 110.0, 115.0, 130.0], [200, 210, 220, 230, 240]])
    wave = drawn(400, corners, np.array([20.0, 30.0, 10.0]))
    assert wave[0] > 15
    assert wave[-1] > 5
    assert wave[90:370].max() == 0
