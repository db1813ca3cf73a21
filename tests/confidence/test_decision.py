"""A decision is probability >= threshold, and the last digits of a score decide nothing."""

import numpy as np
import pandas as pd
import pytest

from fhr.calibration import Calibrator, Reference, RidgePlatt, VennAbers
from fhr.calibration.ties import rounded
from fhr.confidence import Confidence

NAMES = [f"r{i}" for i in range(120)]
LABELS = pd.Series([1] * 40 + [0] * 80, index=NAMES)
# Logits, and minus the predicted pH, whose size is far above its spread.
SCALES = [(0.0, 1.0), (-7.2, 0.05)]


def held_out(
    n_members: int, scale: tuple[float, float], make: type[Calibrator]
) -> tuple[np.ndarray, Calibrator, Confidence]:
    """Scores (member, n) of the held-out records of an inner fold, their calibrator, the confidence of the members."""
    generator = np.random.default_rng(3)
    centre, size = scale
    scores = centre + size * (LABELS.to_numpy() + generator.normal(size=(n_members, len(NAMES))))
    scores = scores.astype(np.float32).astype(np.float64)
    rows = [(name, 0, m, scores[m, i]) for m in range(n_members) for i, name in enumerate(NAMES)]
    table = pd.DataFrame(rows, columns=["name", "inner", "member", "score"])
    calibrator = make().fit(scores.mean(axis=0), LABELS)
    reference = Reference.of(table, LABELS, pd.DataFrame(), calibrator)
    return scores, calibrator, Confidence([calibrator] * n_members, [reference] * n_members, [0] * n_members, "x")


@pytest.mark.parametrize("make", [RidgePlatt, VennAbers])
@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("n_members", [1, 3])
@pytest.mark.parametrize("sign", [1, -1])
def test_rounding_decides_nothing_where_a_record_is_a_held_out_one(make, scale, n_members, sign):
    scores, calibrator, confidence = held_out(n_members, scale, make)
    judged, threshold = confidence.judge(scores), confidence.references[0].threshold
    exact = calibrator.predict(rounded(scores.mean(axis=0), confidence.references[0].pooled()[0]))
    assert judged.decision.tolist() == (exact >= threshold - 1e-12).tolist()
    assert 0 < judged.decision.sum() < len(NAMES)
    assert np.isclose(exact, threshold, rtol=1e-4).any()  # the record that gave the threshold
    other = confidence.judge(scores + sign * 1e-7 * np.abs(scores))  # as another batch size or processor gives them
    for field in ("decision", "probability", "low", "high", "p_values"):
        np.testing.assert_array_equal(getattr(other, field), getattr(judged, field))
    if sign < 0 and make is not VennAbers:  # the comparison alone would not have held
        naive = calibrator.predict((scores + sign * 1e-7 * np.abs(scores)).mean(axis=0)) >= threshold
        assert naive.tolist() != judged.decision.tolist()


def test_networks_that_tie_each_in_its_own_direction():
    """Four networks say the very scores of the held-out records, but for rounding."""
    scores, calibrator, confidence = held_out(1, SCALES[0], RidgePlatt)
    (reference,) = confidence.references
    four = Confidence([calibrator] * 4, [reference] * 4, [0] * 4, "x")
    same = np.repeat(scores, 4, axis=0)
    judged = four.judge(same * (1 + 1e-7 * np.array([[1], [-1], [0.5], [-0.3]])))
    np.testing.assert_array_equal(judged.decision, confidence.judge(scores).decision)
    assert not judged.flip_rate.any()


def test_a_score_that_is_lower_by_more_than_rounding_is_below():
    scores, _, confidence = held_out(1, SCALES[0], RidgePlatt)
    judged, threshold = confidence.judge(scores), confidence.references[0].threshold
    at = np.flatnonzero(np.isclose(judged.probability, threshold, rtol=1e-3))
    assert judged.decision[at].all()
    assert not confidence.judge(scores - 1e-3).decision[at].any()


def test_no_threshold_no_decision():
    """Of a calibrator that gives each record the prevalence, no probability separates 90% of the negatives."""
    scores, _, _ = held_out(2, SCALES[0], RidgePlatt)
    flat = RidgePlatt().fit(np.zeros(len(NAMES)), LABELS)
    rows = [(name, 0, m, scores[m, i]) for m in range(2) for i, name in enumerate(NAMES)]
    table = pd.DataFrame(rows, columns=["name", "inner", "member", "score"])
    reference = Reference.of(table, LABELS, pd.DataFrame(), flat)
    judged = Confidence([flat] * 2, [reference] * 2, [0, 0], "x").judge(scores)
    assert (judged.decision, judged.flip_rate) == (None, None)
    assert judged.spread.tolist() == [0] * len(NAMES)
