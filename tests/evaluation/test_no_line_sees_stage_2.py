"""A line on all columns is given nothing that says how long labour or its second stage was."""

import logging
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from fhr.evaluation import BASELINES, Baseline, OnTable, OnTableMaker, baseline_table
from fhr.recording import Clinical, Recording

EVERYTHING = Baseline("every column", LogisticRegression)
FS = 4.0


def recordings(stage2: float, before: int = 0) -> list[Recording]:
    """Two labours of 70 min, with `before` minutes of other signal ahead of them."""
    made = []
    for k in range(2):
        generator = np.random.default_rng(k)
        n = round((70 + before) * 60 * FS)
        fhr = (140 + generator.normal(size=n)[::-1]).astype(np.float32)
        clinical = Clinical(second_stage=70 - stage2 / 60)
        made.append(Recording(f"r{k}", fhr, np.zeros(n, np.float32), FS, stage2_start=stage2, clinical=clinical))
    return made


@pytest.mark.parametrize(
    "given",
    [
        lambda table: EVERYTHING.maker(table).table,
        lambda table: OnTable(LogisticRegression(), table).table,
        lambda table: OnTableMaker(LogisticRegression, table)(None, 0).table,
    ],
    ids=["baseline", "estimator", "maker"],
)
def test_another_stage_2_changes_nothing_of_the_input(given):
    first = given(baseline_table(recordings(stage2=3000.0)))
    assert "stage2_minutes" not in first.columns
    assert first.shape[1] == 26
    for other in (recordings(stage2=600.0), [replace(r, stage2_start=np.nan) for r in recordings(3000.0)]):
        pd.testing.assert_frame_equal(given(baseline_table(other)), first)


def test_a_longer_record_with_the_same_end_has_the_same_input():
    """What was before the window, and so how long labour was, enters no column of the line."""
    short, long = (EVERYTHING.maker(baseline_table(recordings(600.0, before))).table for before in (0, 50))
    np.testing.assert_allclose(long, short, rtol=0, atol=1e-5)


def test_times_of_a_feature_table_are_no_features():
    table = pd.DataFrame({"sd": [1.0, 2.0], "start_s": [10.0, 900.0], "end_s": [20.0, 910.0], "to_end_s": 0.0})
    table = table.assign(window=0).set_axis(["a", "b"])
    assert EVERYTHING.maker(table).table.columns.tolist() == ["sd"]
    assert OnTable(LogisticRegression(), table).table.columns.tolist() == ["sd"]


def test_the_control_keeps_its_one_column_and_what_is_left_out_is_said_once(caplog):
    table = baseline_table(recordings(600.0))
    control = next(line for line in BASELINES if line.slug == "stage2")
    with caplog.at_level(logging.WARNING, "fhr"):
        assert control.maker(table)(None, 0).table.columns.tolist() == ["stage2_minutes"]
        assert not caplog.messages
        for _ in range(3):
            OnTable(LogisticRegression(), table, name="a line of mine")
    assert caplog.messages == [
        "a line of mine: not given stage2_minutes, which is known only once the child is born and tells the outcome"
    ]
