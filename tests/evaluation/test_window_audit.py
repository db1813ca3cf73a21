"""What the gaps of a window tell of the second stage, on windows whose gaps say all of it, or nothing."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from fhr.errors import FHRError
from fhr.evaluation.baseline_features import STAGE2, baseline_table
from fhr.evaluation.shortcut_report import shortcut_report, signal_loss
from fhr.evaluation.shortcuts import shortcut_audit
from fhr.evaluation.window_audit import gap_pattern, window_audit
from fhr.preprocessing import Pipeline
from fhr.recording import Clinical, Recording

N, MINUTES = 80, 12


def recordings(lost: np.ndarray, *, minutes: float = MINUTES) -> list[Recording]:
    """One a row of `lost`, the fraction that is missing of each minute."""
    made = []
    for i, row in enumerate(lost):
        fhr = np.full((len(row), 240), 140.0)
        for minute, fraction in zip(fhr, row, strict=True):
            minute[: round(240 * fraction)] = np.nan
        made.append(Recording(f"r{i:03d}", fhr.ravel(), np.zeros(fhr.size), 4.0))
    return made


@pytest.fixture(scope="module")
def births() -> tuple[np.ndarray, pd.DataFrame]:
    """Gaps at random; a fifth without a second stage."""
    generator = np.random.default_rng(0)
    lost = generator.beta(1, 3, (N, MINUTES))
    length = np.where(np.arange(N) % 5 == 0, 0.0, generator.uniform(2, 30, N))
    return lost, pd.DataFrame({STAGE2: length}, index=[f"r{i:03d}" for i in range(N)])


def test_gaps_at_random_tell_nothing(births):
    lost, table = births
    audit = window_audit(recordings(lost), table, minutes=MINUTES)
    assert audit["no_second_stage_auroc"].low < 0.5 < audit["no_second_stage_auroc"].high + 0.15
    assert abs(audit["second_stage_spearman"].value) < 0.3
    assert audit["without_second_stage"].value == 0.2
    true = table[STAGE2].to_numpy()
    some = true > 0
    assert audit["loss_spearman"].value == pytest.approx(spearmanr(lost[some].mean(axis=1), true[some])[0], abs=0.02)


def test_gaps_that_tell_are_found_out(births):
    """The last minute is lost on the way to the theatre, and the first in step with the length that came."""
    lost, table = births
    length = table[STAGE2].to_numpy()
    telling = lost.copy()
    telling[length == 0, -1], telling[length > 0, -1] = 0.9, 0.1
    telling[:, 0] = length / 40
    audit = window_audit(recordings(telling), table, minutes=MINUTES)
    assert audit["no_second_stage_auroc"].value > 0.95
    assert audit["second_stage_spearman"].value > 0.85
    assert audit["second_stage_spearman"].low > 0.7


def test_a_pattern_is_of_the_window_alone():
    lost = np.linspace(0, 1, MINUTES)[None]
    (recording,) = recordings(np.concatenate([np.ones((1, 3)), lost], axis=1))
    np.testing.assert_allclose(gap_pattern(recording, minutes=MINUTES), np.round(240 * lost[0]) / 240)
    empty = replace(recording, fhr=np.zeros(0), uc=np.zeros(0))
    assert gap_pattern(empty).tolist() == [1] * 12


def test_too_few_of_a_kind_have_no_value(births):
    lost, table = births
    none = window_audit(recordings(lost[:5]), table, minutes=MINUTES)
    assert all(np.isnan(none[name].value) for name in ("no_second_stage_auroc", "second_stage_spearman"))
    with pytest.raises(FHRError, match=r"80 records have no row in the table \['r000', 'r001', 'r002'\]"):
        window_audit(recordings(lost), table.iloc[:0])


def test_audits_by_the_end_of_the_window(births):
    """By loss of 60 and of 20 min, and among records with half of the samples of the last 5 min or more."""
    lost, _ = births
    lost = np.repeat(lost[:60], 2, axis=1)
    given = recordings(lost)
    table = pd.DataFrame({f"loss_{minutes}": signal_loss(given, minutes) for minutes in (20, 60)})
    at_end = signal_loss(given, 5)
    np.testing.assert_allclose(at_end, np.round(240 * lost[:, -5:]).sum(axis=1) / 1200)
    generator = np.random.default_rng(1)
    predictions = pd.DataFrame({"name": table.index, "repeat": 0, "fold": 0, "label": np.arange(60) % 2})
    predictions = predictions.assign(score=generator.normal(size=60) + predictions["label"], probability=0.5)
    audit = shortcut_report(predictions, table, given, n_resamples=50)
    for suffix, expected in (
        ("", shortcut_audit(predictions, table["loss_60"], n_resamples=50)),
        ("_20", shortcut_audit(predictions, table["loss_20"], n_resamples=50)),
        (
            "_signal_5",
            shortcut_audit(predictions[(at_end <= 0.5).to_numpy()], table["loss_60"], n_resamples=50),
        ),
    ):
        for name, interval in expected.items():
            if name + suffix != "auroc_20":
                np.testing.assert_array_equal(audit[name + suffix], interval)
    assert audit["share_signal_5"].value == pytest.approx((at_end <= 0.5).mean())
    assert audit["positives_signal_5"].value == pytest.approx((at_end <= 0.5)[1::2].mean())
    silent = shortcut_report(predictions, table, recordings(np.ones_like(lost)), n_resamples=50)
    assert np.isnan(silent["auroc_signal_5"].value)
    assert silent["share_signal_5"].value == 0


def test_lines_are_computed_from_the_window_alone():
    """A second stage of another signal and length changes no column but that of its length, which is a control."""
    generator = np.random.default_rng(5)
    first, tables = 140 + np.cumsum(generator.normal(0, 0.2, 70 * 240)), []
    for minutes, level in ((5, 140.0), (25, 80.0)):
        fhr = np.concatenate([first, np.full(minutes * 240, level)])
        begun = {"stage2_start": 70 * 60.0, "clinical": Clinical()}
        recording = Recording("a", fhr, np.zeros(len(fhr)), 4.0, **begun)
        cuts = [Pipeline(before="stage2").cut(recording), Pipeline(minutes=30, before="stage2").cut(recording)]
        tables.append([baseline_table([cut]) for cut in cuts])
        assert tables[-1][0][STAGE2].item() == minutes
    for one, other in zip(*tables, strict=True):
        pd.testing.assert_frame_equal(one.drop(columns=STAGE2), other.drop(columns=STAGE2))
        assert one.notna().all(axis=None)
    assert tables[0][0]["mad_60"].item() != tables[0][1]["mad_60"].item()
