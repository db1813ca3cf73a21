"""Ranges in the form of the experts' tables, and back."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhr.preprocessing import QUALITY_COLUMNS, check_quality, quality_table
from fhr.recording import Recording, Source

NAN = np.nan


def test_every_rule_has_its_mask():
    fhr = np.concatenate([np.linspace(140, 150, 40), [240.0], np.full(80, 150.5), np.linspace(75, 76, 8), [151.0, NAN]])
    mhr = np.where(np.arange(len(fhr)) < 4, fhr + 4, 80.0)
    mhr[-1] = 20
    masks = check_quality(Recording("one", fhr, np.zeros(len(fhr)), 4.0, mhr=mhr))
    found = {key: np.flatnonzero(mask).tolist() for key, mask in masks.items()}
    assert found == {
        ("fhr", "out_of_range"): [40],
        ("fhr", "jump"): [40, *range(121, 129)],
        ("fhr", "stuck"): list(range(41, 121)),
        ("fhr", "halved_or_doubled"): list(range(121, 129)),
        ("fhr", "coincident"): [*range(4), *range(121, 129)],
        ("fhr", "mothers_rate"): [],
        ("mhr", "out_of_range"): [len(fhr) - 1],
        ("mhr", "jump"): [],
        ("mhr", "stuck"): [],
    }
    without = check_quality(Recording("one", fhr, np.zeros(len(fhr)), 4.0))
    assert set(without) == {key for key in masks if key[0] == "fhr" and key[1] not in ("coincident", "mothers_rate")}


def test_ranges_count_from_one_and_bridge_gaps_alone():
    recording = Recording(
        "one", [140, 1, NAN, 1, 140, NAN, 1], np.zeros(7), 2.0, source=Source("somewhere/one.fhrm", "fhrma")
    )
    mask = recording.fhr == 1
    probability = np.float32([0, 0.5, NAN, 1, 0, NAN, 0.25])
    table = quality_table(recording, {("fhr", "network"): mask, ("fhr", "stuck"): mask}, {"fhr": probability})
    assert tuple(table.columns) == QUALITY_COLUMNS
    key = "one", "somewhere/one.fhrm"
    assert table.iloc[0].tolist() == ["one.fhrm", "", "fhr", "false", 2, 4, 0.5, 2.0, "network", 0.75, *key]
    assert table.iloc[1].tolist() == ["one.fhrm", "", "fhr", "false", 7, 7, 3.0, 3.5, "network", 0.25, *key]
    assert table["rule"].tolist() == ["network"] * 2 + ["stuck"] * 2
    assert table.loc[2:, "probability"].isna().all()
    assert table["start_sample"].dtype == np.int64


@given(
    signal=st.lists(st.sampled_from([NAN, 140.0, 150.0]), min_size=1, max_size=40),
    flags=st.lists(st.booleans(), min_size=40, max_size=40),
)
def test_ranges_give_the_mask_back(signal, flags):
    recording = Recording("one", signal, np.zeros(len(signal)), 4.0)
    mask = np.array(flags[: len(signal)]) & ~np.isnan(recording.fhr)
    back = np.zeros(len(signal), dtype=bool)
    for row in quality_table(recording, {("fhr", "network"): mask}).itertuples():
        assert row.start_s == (row.start_sample - 1) / 4
        assert row.end_s == row.end_sample / 4
        assert mask[row.start_sample - 1]
        assert mask[row.end_sample - 1]
        back[row.start_sample - 1 : row.end_sample] = True
    np.testing.assert_array_equal(back & ~np.isnan(recording.fhr), mask)


def test_nothing_found_is_an_empty_table():
    table = quality_table(Recording("one", [140.0], [0.0], 1.0), {("fhr", "stuck"): np.zeros(1, dtype=bool)})
    assert isinstance(table, pd.DataFrame)
    assert tuple(table.columns) == QUALITY_COLUMNS
    assert len(table) == 0


@pytest.mark.parametrize("fs", [1.0, 4.0, 8.0])
@pytest.mark.parametrize("n", [1, 10])
def test_short_recordings_and_missing_channels(fs, n):
    nothing = np.full(n, NAN)
    masks = check_quality(Recording("one", nothing, nothing, fs, mhr=nothing))
    assert not any(mask.any() for mask in masks.values())
    assert all(mask.shape == (n,) for mask in masks.values())
