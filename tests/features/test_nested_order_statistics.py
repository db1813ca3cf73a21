"""Order statistics of nested parts are those of each part by itself; loss is a group of its own."""

import numpy as np

from fhr.features import order_statistic_names, order_statistics
from fhr.features.nested_order_statistics import (
    nested_order_statistics,
    nested_order_statistics_columns,
    signal_loss,
    signal_loss_columns,
)

NAMES = [column.name for column in nested_order_statistics_columns(60)]


def test_a_line_has_its_ends_and_half_a_signal_its_loss():
    fhr = 120 + 0.5 * np.arange(14400)[None] / 240
    row = dict(zip(NAMES, nested_order_statistics(fhr, fs=4.0)[0], strict=True))
    for minutes in (60, 30, 20):
        np.testing.assert_allclose(row[f"start_{minutes}"], 150 - minutes / 2)
        np.testing.assert_allclose(row[f"end_{minutes}"], 150)
        np.testing.assert_allclose(row[f"mad_{minutes}"], np.log(0.5))
    fhr[:, -2400:] = np.nan  # 10 min
    np.testing.assert_allclose(signal_loss(fhr, fs=4.0), [[1 / 6, 1 / 3, 1 / 2]])
    assert [column.name for column in signal_loss_columns(60)] == ["loss_60", "loss_30", "loss_20"]


def test_they_are_the_order_statistics_of_each_part(labour, with_gaps):
    fhr = with_gaps(labour(2)[0], fraction=0.4)
    every = dict(zip(order_statistic_names((60, 30, 20)), order_statistics(fhr, minutes=(60, 30, 20)).T, strict=True))
    found = dict(zip(NAMES, nested_order_statistics(fhr, fs=4.0).T, strict=True))
    for name, values in found.items():
        np.testing.assert_array_equal(values, every.pop(name))
    assert list(every) == ["loss_60", "loss_30", "loss_20"]
    np.testing.assert_array_equal(signal_loss(fhr, fs=4.0).T, list(every.values()))


def test_fifty_seconds_are_enough_and_fewer_take_the_wider_part(labour):
    fhr = labour(1)[0]
    for measured in (200, 199):
        some = fhr.copy()
        some[:, -4800 : 14400 - measured] = np.nan
        row = dict(zip(NAMES, nested_order_statistics(some, fs=4.0)[0], strict=True))
        assert (row["median_20"] == row["median_30"]) == (measured == 199)
        assert np.isfinite(list(row.values())).all()
    lost = np.full((1, 14400), np.nan)
    assert np.isnan(nested_order_statistics(lost, fs=4.0)).all()
    np.testing.assert_array_equal(signal_loss(lost, fs=4.0), 1.0)


def test_a_window_that_is_no_whole_number_of_seconds_is_taken_without_its_first_samples():
    fhr = 140 + np.random.default_rng(0).normal(size=(2, 4802))
    expected = nested_order_statistics(fhr[:, 2:], fs=4.0)
    np.testing.assert_array_equal(nested_order_statistics(fhr, fs=4.0), expected)
    assert expected.shape == (2, len(nested_order_statistics_columns(20)))
