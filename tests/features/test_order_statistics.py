import json
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhr.errors import SignalError
from fhr.features import ORDER_STATISTICS, order_statistic_names, order_statistics


def named(fhr, **options):
    return dict(zip(ORDER_STATISTICS, order_statistics(fhr, **options).tolist(), strict=True))


def test_names():
    assert len(ORDER_STATISTICS) == 21
    assert ORDER_STATISTICS[:7] == ("mad_20", "start_20", "end_20", "loss_20", "p5_20", "p95_20", "median_20")
    assert ORDER_STATISTICS[-1] == "median_60"
    assert order_statistic_names((7.5,))[0] == "mad_7.5"


def test_a_straight_line_is_its_own_start_and_end():
    minutes = np.arange(14400) / 240
    found = named(120 + 0.5 * minutes)
    assert found["start_60"] == pytest.approx(120)
    assert found["end_60"] == pytest.approx(150)
    assert found["start_20"] == pytest.approx(140)
    assert found["mad_60"] == pytest.approx(np.log(0.5), abs=1e-9)
    assert found["median_60"] == pytest.approx(135, abs=0.01)
    assert found["p95_60"] == pytest.approx(0.45 * 30, abs=0.01)
    assert found["loss_60"] == 0


def test_agrees_with_polyfit_and_percentile():
    generator = np.random.default_rng(0)
    fhr = 140 + np.cumsum(generator.normal(0, 0.3, 20000)) % 40 + generator.normal(0, 2, 20000)
    fhr[generator.random(20000) < 0.3] = 0
    for minutes in (20, 30, 60):
        window = fhr[-minutes * 240 :]
        valid = window > 0
        t, x = np.flatnonzero(valid) / 240, window[valid]
        line = np.polynomial.Polynomial.fit(t, x, 1)
        r = x - line(t)
        expected = [
            np.log(0.5 + np.median(np.abs(r - np.median(r)))),
            line(0),
            line(minutes),
            1 - valid.mean(),
            np.quantile(x, 0.05) - np.median(x),
            np.quantile(x, 0.95) - np.median(x),
            np.median(x),
        ]
        np.testing.assert_allclose(order_statistics(fhr, minutes=(minutes,)), expected, rtol=0, atol=1e-6)


def test_zero_nan_and_out_of_range_are_all_missing():
    generator = np.random.default_rng(1)
    clean = generator.normal(140, 5, 14400)
    gone = generator.random(14400) < 0.2
    tables = [order_statistics(np.where(gone, missing, clean)) for missing in (0.0, np.nan, 50.0, 210.0, 250.0)]
    for table in tables[1:]:
        np.testing.assert_array_equal(table, tables[0])


def test_fifty_seconds_of_signal_are_enough_and_less_are_not():
    fhr = np.full(14400, np.nan)
    fhr[-200:] = 140 + np.arange(200) % 7
    assert np.isfinite(order_statistics(fhr)).all()
    fhr[-200] = np.nan
    found = named(fhr)
    assert [name for name, value in found.items() if np.isfinite(value)] == ["loss_20", "loss_30", "loss_60"]
    assert found["loss_60"] == pytest.approx(1 - 199 / 14400)
    at_1_hz = np.full(3600, np.nan)
    at_1_hz[-50:] = 140
    assert np.isfinite(order_statistics(at_1_hz, fs=1)).all()


def test_the_sampling_rate_changes_little():
    t = np.arange(14400) / 4
    fhr = 140 + 10 * np.sin(2 * np.pi * t / 300)
    np.testing.assert_allclose(order_statistics(fhr[::4], fs=1), order_statistics(fhr), atol=0.05)


def test_a_short_recording_is_taken_whole():
    fhr = np.random.default_rng(2).normal(140, 5, 240 * 25)
    found = order_statistics(fhr).reshape(3, 7)
    np.testing.assert_array_equal(found[1], found[2])
    np.testing.assert_array_equal(found[1], order_statistics(fhr, minutes=(25,)))
    assert order_statistics(np.empty(0))[3] == 1


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (0,)])
def test_batches_are_records_one_by_one(shape):
    fhr = np.random.default_rng(3).normal(140, 5, (*shape, 4800))
    table = order_statistics(fhr)
    assert table.shape == (*shape, 21)
    for index in np.ndindex(shape):
        np.testing.assert_array_equal(table[index], order_statistics(fhr[index]))


@given(seed=st.integers(0, 1000), shift=st.floats(-40, 40))
def test_a_shift_moves_levels_and_nothing_else(seed, shift):
    fhr = np.clip(np.random.default_rng(seed).normal(130, 5, 4800), 95, 165)
    moved = order_statistics(fhr + shift, minutes=(20,)) - order_statistics(fhr, minutes=(20,))
    np.testing.assert_allclose(moved, [0, shift, shift, 0, 0, 0, shift], atol=1e-8)


@pytest.mark.parametrize(
    ("fhr", "options", "text"),
    [
        (140.0, {}, "single number; give a signal of shape"),
        (np.ones(9), {"fs": 0}, "fs=0 Hz; it must be a positive number"),
        (np.ones(9), {"minutes": ()}, r"minutes=\(\); give one or more positive lengths"),
        (np.ones(9), {"minutes": (20, -1)}, "give one or more positive lengths"),
        (np.ones(9), {"minutes": (0.001,)}, "hold no sample; give longer windows"),
    ],
)
def test_errors(fhr, options, text):
    with pytest.raises(SignalError, match=text):
        order_statistics(fhr, **options)


def test_golden_values_of_real_records():
    folder = os.environ.get("FHR_DATA")
    if not folder:
        pytest.skip("FHR_DATA is not set: it names the folder that holds ctu-uhb-ctgdb")
    golden = json.loads(Path(__file__).with_name("golden_order_statistics.json").read_text())
    for name, expected in golden.items():
        samples = np.fromfile(Path(folder) / "ctu-uhb-ctgdb" / f"{name}.dat", dtype="<i2")
        found = order_statistics(samples.reshape(-1, 2)[:, 0] / 100)
        np.testing.assert_allclose(found, np.array(expected, dtype=float), rtol=0, atol=1e-6, err_msg=name)
