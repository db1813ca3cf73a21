"""A network whose window ends earlier than the recording: it is given that window alone, and says which it was."""

from dataclasses import replace
from math import nan

import numpy as np
import pandas as pd
import pytest
from tiny_predictor import tiny_predictor

from fhr.calibration import RidgePlatt
from fhr.calibration.reference import Reference
from fhr.calibration.typicality import typical_statistics
from fhr.features import FeatureSet
from fhr.prediction import Predictor
from fhr.preprocessing import Pipeline
from fhr.recording import Recording

FEATURES = FeatureSet(groups=("scalar",), minutes=15)
MINUTE = 240


def labour(seed: int, minutes: float = 50, stage2: float = 12) -> Recording:
    generator, n = np.random.default_rng(seed), round(minutes * MINUTE)
    fhr = 140 + generator.normal(0, 6) + np.cumsum(generator.normal(0, 0.2, n))
    fhr[generator.integers(0, n, 300)] = nan
    start = (minutes - stage2) * 60 if stage2 else nan
    return Recording(f"r{seed}", fhr, generator.normal(30, 5, n), 4.0, stage2_start=start)


def predictor_of(pipeline: Pipeline) -> Predictor:
    known = [labour(seed) for seed in range(24)]
    rows = pd.DataFrame({"name": [r.name for r in known], "inner": 0, "member": 0, "score": np.linspace(-1, 1, 24)})
    labels = pd.Series(np.isin(np.arange(24), [9, 13, 17, 19, 20, 22, 23]), rows["name"], dtype=float)
    calibrator = RidgePlatt().fit(rows["score"], labels)
    statistics = typical_statistics(pipeline.cut(recording) for recording in known)
    confidence = Reference.of(rows, labels, statistics, calibrator).to_dict()
    return tiny_predictor(3, pipeline, FEATURES, calibrator=calibrator.to_dict(), confidence=confidence)


@pytest.mark.parametrize(
    ("pipeline", "end", "words"),
    [
        (
            Pipeline(minutes=20, withheld=10),
            40,
            "window of 20 min that ends 10 min before the end of the recording, 10 ",
        ),
        (
            Pipeline(minutes=20, before="stage2"),
            38,
            "window of 20 min that ends with the start of the second stage, 12",
        ),
    ],
)
def test_nothing_else_is_seen(pipeline, end, words):
    """Score, interval, sets, loss, distance from the training records: all of the window; it is named."""
    predictor, recording = predictor_of(pipeline), labour(99)
    fhr, uc = np.array(recording.fhr), np.array(recording.uc)
    for outside in (slice(end * MINUTE, None), slice(0, (end - 20) * MINUTE)):
        fhr[outside], uc[outside] = nan, 200
    expected, changed = predictor.predict(recording), predictor.predict(replace(recording, fhr=fhr, uc=uc))
    assert changed == expected
    assert expected.distance is not None
    assert any(warning.startswith(words) for warning in expected.warnings)
    window = slice((end - 20) * MINUTE, end * MINUTE)
    alone = replace(recording, fhr=recording.fhr[window], uc=recording.uc[window])
    usual = predictor_of(Pipeline(minutes=20)).predict(alone)
    assert (usual.score, usual.loss) == (expected.score, expected.loss)
    assert not any("window of" in warning for warning in usual.warnings)
    together, unusable = predictor.predict_all([labour(5), recording, labour(6, minutes=25)])
    assert [p.name for p in together] == ["r5", "r99"]
    assert together[1].warnings == expected.warnings
    assert "min are needed" in unusable["r6"]


def test_through_time_no_row_knows_when_stage_2_will_begin():
    predictor, recording = predictor_of(Pipeline(minutes=20, before="stage2")), labour(99)
    noted = replace(recording, clinical=replace(recording.clinical, second_stage=12.0))
    never = replace(recording, stage2_start=nan)
    table, without = predictor.timeline(noted), predictor.timeline(never)
    earlier = table["end"] <= 38
    assert earlier.sum() >= 4
    np.testing.assert_allclose(table["score"][earlier], without["score"][earlier], atol=1e-6)
    assert np.ptp(table["score"][~earlier]) < 1e-6  # from then on the window stays where it is
    assert np.ptp(without["score"][~earlier]) > 1e-4


def test_a_timeline_begins_where_a_window_and_what_is_withheld_fit():
    table = predictor_of(Pipeline(minutes=20, withheld=10)).timeline(labour(99))
    assert table["end"].tolist() == [30, 35, 40, 45, 50]
