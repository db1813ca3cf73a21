"""Intervals and p-values of one outer fold are those of the parts that it is made of."""

import numpy as np
import pandas as pd
import pytest

import fhr.calibration
from fhr.calibration import Beta, HeldOut, RidgePlatt, VennAbers
from fhr.calibration.averaging import between_inner_folds
from fhr.calibration.calibration_band import CalibrationBand
from fhr.calibration.conformal import ClassConditionalConformal
from fhr.calibration.cross_conformal import CrossConformal
from fhr.calibration.reference import Reference, threshold_at_specificity
from fhr.confidence import OuterFold
from fhr.errors import CheckpointError, FHRError

NAMES = [f"r{i}" for i in range(120)]
LABELS = pd.Series([1] * 40 + [0] * 80, index=NAMES)
NEW = np.random.default_rng(1).normal(0.5, 1, (8, 30))  # of eight networks


def reference(n_members: int) -> Reference:
    generator = np.random.default_rng(0)
    rows = [
        (name, i % 4, member, LABELS[name] + generator.normal())
        for i, name in enumerate(NAMES)
        for member in range(n_members)
    ]
    table = pd.DataFrame(rows, columns=["name", "inner", "member", "score"])
    calibrator = RidgePlatt().fit(table["score"], LABELS.loc[table["name"]])
    return Reference.of(table, LABELS, pd.DataFrame(), calibrator)


def test_one_inner_fold_is_split_conformal_prediction():
    given = reference(1)
    fold, own = OuterFold(given, [2]), given.held_out[2]
    split = ClassConditionalConformal().fit(own.scores, own.labels)
    np.testing.assert_array_equal(fold.p_values(fold.by_inner(NEW[:1])), split.p_values(NEW[0]))
    assert fold.statements(0.1) == split.coverage_statement(0.1)


@pytest.mark.parametrize("present", [[0, 1, 2, 3], [3, 1]])
def test_several_are_cross_conformal_prediction_over_those_that_are_here(present):
    given = reference(1)
    fold, networks = OuterFold(given, present), NEW[: len(present)]
    folds = [given.held_out[k] for k in sorted(present)]
    cross = CrossConformal().fit([f.scores for f in folds], [f.labels for f in folds])
    rows = networks[np.argsort(present)]
    np.testing.assert_array_equal(fold.p_values(fold.by_inner(networks)), cross.p_values(rows))
    assert str(fold.statements(0.1)) == str(cross.coverage_statement(0.1))  # NaN does not equal itself


def test_members_of_an_inner_fold_are_averaged_in_whatever_order_they_come():
    given, inner = reference(2), [3, 0, 1, 0, 2, 1, 2, 3]
    folds = [given.held_out[k] for k in range(4)]
    cross = CrossConformal().fit([f.scores for f in folds], [f.labels for f in folds])
    rows = np.stack([NEW[[i for i, k in enumerate(inner) if k == fold]].mean(axis=0) for fold in range(4)])
    fold = OuterFold(given, inner)
    np.testing.assert_allclose(fold.by_inner(NEW), rows, atol=1e-4)
    np.testing.assert_array_equal(fold.p_values(fold.by_inner(NEW)), cross.p_values(rows))


@pytest.mark.parametrize("make", [RidgePlatt, Beta, VennAbers])
def test_the_band_is_that_of_all_held_out_records_by_the_calibrator_itself(make):
    given = reference(2)
    calibrator = make().fit(*given.pooled())
    fold = OuterFold(given, [0, 0, 1, 1, 2, 2, 3, 3], calibrator)
    by_inner = fold.by_inner(NEW)
    expected = CalibrationBand(calibrator, *given.pooled()).reach(by_inner.mean(axis=0)[None])
    np.testing.assert_allclose(fold.reach(by_inner), expected, rtol=1e-9)
    assert (np.array(expected) > 0).all()


def test_sets_need_all_members():
    fold = OuterFold(reference(2), [0, 0, 1])
    with pytest.raises(FHRError, match="1 of the 2 networks of an inner fold are here; load the whole run"):
        fold.statements(0.1)


def test_too_few_records_for_a_level_or_an_interval():
    given = reference(1)
    few = Reference({0: given.held_out[0]}, None, 0.5, None)
    with pytest.raises(FHRError, match=r"10 calibration records of class 1 are too few for sets at 0\.95"):
        OuterFold(few, [0]).statements(0.05)
    own = given.held_out[0]
    fewer = type(own)(own.scores[:12], own.labels[:12], 1)
    calibrator = RidgePlatt().fit(*given.pooled())
    assert OuterFold(Reference({0: fewer}, None, 0.5, None), [0], calibrator).reach(NEW[:1]) is None
    assert OuterFold(given, [0]).reach(NEW[:1]) is None


def test_a_network_of_an_inner_fold_without_held_out_records():
    with pytest.raises(CheckpointError, match=r"networks of the inner folds \[5\] beside the held-out records of"):
        OuterFold(reference(1), [0, 5])


@pytest.mark.parametrize("sign", [1, -1])
def test_rounding_decides_nothing_where_a_record_equals_a_held_out_one(sign):
    given = reference(1)
    fold, scores = OuterFold(given, [1]), np.array(given.held_out[1].scores)
    other = scores * (1 + sign * 1e-7)  # as another batch size or processor gives them
    np.testing.assert_array_equal(fold.by_inner(other[None]), scores[None])


def test_its_name_in_the_room_below_still_works():
    with pytest.warns(FutureWarning, match=r"fhr\.calibration\.OuterFold is fhr\.confidence\.OuterFold now"):
        found = fhr.calibration.OuterFold
    assert found is OuterFold


@pytest.mark.parametrize("noise", [0.5, 2.0])
def test_the_threshold_of_an_average_leaves_nine_tenths_of_the_negatives_below(noise):
    """The same births scored by five inner folds with a noise of their own; the single threshold left 83 to 89%."""
    generator = np.random.default_rng(3)
    below = []
    for _ in range(20):
        labels = np.arange(400) % 4 == 0
        scores = labels + generator.normal(size=400) + noise * generator.normal(size=400)
        held_out = {k: HeldOut(tuple(scores[k::5]), tuple(labels[k::5].astype(int)), 1) for k in range(5)}
        new = generator.normal(size=2000) + noise * generator.normal(size=(5, 2000))
        calibrator = RidgePlatt().fit(scores, labels)
        single = threshold_at_specificity(labels.astype(int), calibrator.predict(scores))
        given = Reference(held_out, single, 0.25, None, between_inner_folds(new))
        fold = OuterFold(given, range(5), calibrator)
        below.append((calibrator.predict(fold.averaged(new)) < fold.threshold).mean())
    assert np.mean(below) == pytest.approx(0.9, abs=0.015)


def test_without_spread_between_inner_folds_the_threshold_is_that_of_the_reference():
    given = reference(1)
    calibrator = RidgePlatt().fit(*given.pooled())
    assert OuterFold(given, [0, 1, 2, 3], calibrator).threshold == given.threshold
