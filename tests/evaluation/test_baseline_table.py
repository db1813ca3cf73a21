from dataclasses import replace
from math import nan

import numpy as np
import pytest

from fhr.errors import FHRError
from fhr.evaluation.baseline_features import BASELINE_COLUMNS, baseline_table
from fhr.features import DEEP_CTG, ORDER_STATISTICS, FeatureSet, deep_ctg, order_statistics
from fhr.preprocessing import DEFAULT_STEPS, clean
from fhr.recording import Clinical, Recording


def test_it_is_its_parts(simulated_database):
    recordings = simulated_database.recordings[:4]
    table = baseline_table(iter(recordings))
    assert table.columns.tolist() == list(BASELINE_COLUMNS)
    assert table.index.name == "record"
    assert table.index.tolist() == [recording.name for recording in recordings]
    last_hour = FeatureSet(groups=("multiscale",), minutes=60)
    for recording in recordings:
        row = table.loc[recording.name]
        np.testing.assert_array_equal(row[list(ORDER_STATISTICS)], order_statistics(recording.fhr, fs=recording.fs))
        assert row["hurst_60"] == last_hour(recording)[last_hour.names.index("hurst")]
        fhr = clean(recording, DEFAULT_STEPS).fhr
        np.testing.assert_array_equal(row[list(DEEP_CTG)], deep_ctg(fhr, recording.uc, fs=recording.fs))


def flat(name: str = "a", minutes: float = 70, fs: float = 4.0, **fields) -> Recording:
    n = round(minutes * 60 * fs)
    fhr = (140 + np.random.default_rng(0).normal(size=n)).astype(np.float32)
    return Recording(name=name, fhr=fhr, uc=np.zeros(n, dtype=np.float32), fs=fs, **fields)


def test_length_of_the_second_stage():
    noted = flat("noted", clinical=Clinical(second_stage=12.0), stage2_start=10.0)
    begun, none = flat("begun", stage2_start=70 * 60 - 300.0), flat("none")
    table = baseline_table([noted, begun, none])
    assert table["stage2_minutes"].tolist() == pytest.approx([12.0, 5.0, 0.0])


def test_what_cannot_be_computed_is_nan_and_the_rest_is_there():
    long, short = flat("long"), flat("short", minutes=40)
    coarse = replace(flat("coarse", minutes=70, fs=0.5))
    silent = replace(flat("silent"), fhr=np.full(16800, nan, dtype=np.float32))
    table = baseline_table([long, short, coarse, silent])
    assert table.loc["long"].notna().all()
    assert table.columns[table.loc["short"].isna()].tolist() == ["hurst_60"]
    assert table.columns[table.loc["coarse"].isna()].tolist() == ["hurst_60", *DEEP_CTG]
    known = table.columns[table.loc["silent"].notna()].tolist()
    assert known == ["loss_20", "loss_30", "loss_60", "stage2_minutes"]
    assert table.loc["silent", "loss_60"] == 1


def test_a_name_that_stands_twice_is_refused():
    with pytest.raises(FHRError, match="two recordings are named 'a'; give each its own name"):
        baseline_table([flat(), flat()])


def test_no_recording_makes_an_empty_table():
    assert baseline_table([]).shape == (0, len(BASELINE_COLUMNS))
