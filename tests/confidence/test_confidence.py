"""Sets over several outer folds, and the judgement of their parts: theory on simulated scores."""

from collections.abc import Sequence

import numpy as np
import pytest

from fhr.calibration import HeldOut, Reference, RidgePlatt, shift_prevalence
from fhr.confidence import Confidence, Prediction


def confidence(references: Sequence[Reference], inner: Sequence[int]) -> Confidence:
    """Of networks without calibrators: sets and guarantees need none."""
    return Confidence([None] * len(references), references, inner, "x")


@pytest.mark.parametrize("n_inner", [1, 4])
def test_the_mean_over_outer_folds_covers_both_classes(n_inner):
    """40 simulated cross-validations of five outer folds: about 1 - alpha, far above what is proven."""
    generator = np.random.default_rng(5)
    levels, hits = (0.8, 0.9, 0.95), np.zeros((3, 2))
    n, n_new = 150, 100
    for _ in range(40):
        y, new_y = np.arange(n) % 2, np.arange(n_new) % 2
        seen, new_seen = (labels + generator.normal(size=len(labels)) for labels in (y, new_y))
        references, inner, scores = [], [], []
        for fold in range(5):
            kept = np.flatnonzero(np.arange(n) // 2 % 5 != fold)
            held_out = {}
            for k in range(n_inner):
                # Each network has a noise of its own, so that the folds agree as little as small networks do.
                rows = kept[np.arange(len(kept)) // 2 % 4 == k]
                own = seen[rows] + 0.5 * generator.normal(size=len(rows))
                held_out[k] = HeldOut(tuple(own), tuple(y[rows]), 1)
                scores.append(new_seen + 0.5 * generator.normal(size=n_new))
            references += [Reference(held_out, None, 0.5, None)] * n_inner
            inner += range(n_inner)
        judged = confidence(references, inner).judge(np.array(scores))
        for i, level in enumerate(levels):
            sets = judged.sets[level]
            if sets is not None:
                for label in (0, 1):
                    hits[i, label] += sets[new_y == label, label].mean() / 40
    for i, level in enumerate(levels):
        if n_inner == 1 and level == 0.95:  # 15 records of a class, 19 are needed
            assert hits[i].tolist() == [0, 0]
        else:
            assert (hits[i] > level - 0.03).all(), hits
            assert (hits[i] < 1).all(), hits


def test_the_guarantee_of_several_outer_folds_is_that_of_the_smallest():
    def reference(n: int, folds: int) -> Reference:
        rng = np.random.default_rng(n)
        return Reference(
            {k: HeldOut(tuple(rng.normal(size=n)), (0, 1) * (n // 2), 1) for k in range(folds)}, None, 0.5, None
        )

    small, large = reference(10, 4), reference(20, 4)
    several = confidence([small] * 4 + [large] * 4, [*range(4)] * 2).guarantees[0.9]
    alone = confidence([small] * 4, range(4)).guarantees[0.9]
    assert several.startswith(alone)
    assert several.endswith("The p-values are means over 2 outer folds; the records named are those of one of them.")
    split = confidence([reference(40, 1), reference(60, 1)], [0, 0]).guarantees[0.9]
    assert "proven is only at least 80%, with 20 calibration records in 2 folds" in split
    # Fewer records, but no inner folds: not the weakest.
    mixed = confidence([reference(38, 1)] + [large] * 4, [0, *range(4)]).guarantees[0.9]
    weakest = confidence([large] * 4, range(4)).guarantees[0.9]
    assert mixed.startswith(weakest)
    exact = confidence([reference(40, 1)], [0]).guarantees[0.9]
    assert "at least 90% get a set that holds the truth" in exact


def test_scores_alone_say_no_more_than_their_mean():
    judged = Confidence([None, None], [], [0, 1], "x").judge(np.array([[1.0, 2.0], [3.0, 6.0]]))
    assert judged.score.tolist() == [2, 4]
    assert {value for value in judged[2:] if not isinstance(value, str)} == {None}
    prediction = judged.prediction(1, name="a", loss=0.2, warnings=("b",))
    assert prediction == Prediction("a", "x", None, 4.0, 0.2, ("b",))


def test_calibrators_without_held_out_records_give_a_probability_for_a_prevalence():
    calibrator = RidgePlatt().fit(np.arange(40.0), [0, 0, 1, 0] * 5 + [1, 1, 0, 1] * 5)
    confidence = Confidence([calibrator] * 2, [], [0, 1], "x", prevalences=[0.5, 0.5])
    scores = np.array([[3.0, 20.0], [5.0, 30.0]])
    before, after = confidence.judge(scores), confidence.judge(scores, prevalence=0.1)
    p = calibrator.predict(scores)
    np.testing.assert_allclose(before.probability, p.mean(axis=0), rtol=1e-3)
    np.testing.assert_allclose(after.probability, shift_prevalence(p, 0.5, 0.1).mean(axis=0), rtol=1e-3)
    assert (before.prevalence, after.prevalence) == (0.5, 0.1)
    assert (before.decision, before.sets, before.low) == (None, None, None)
    assert before.prediction(0, name="a", loss=0).abstain is None
