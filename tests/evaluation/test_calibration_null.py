"""The procedure's own null of calibration tests."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2

from fhr.calibration import Beta
from fhr.errors import FHRError
from fhr.evaluation.calibration_null import (
    STATISTICS,
    CalibrationNull,
    StoredFold,
    _sharpened,
    calibration_metrics,
    calibration_null,
    stored_folds,
)
from fhr.evaluation.fold_predictions import out_of_fold
from fhr.metrics import calibration_line, expected_calibration_error
from fhr.metrics.cox import lines_by_row


def cross_validation(seed: int, *, noise: float = 0.0, n: int = 300, scale: float = 1.0, repeats: int = 1):
    """Stored scores of two normal classes, 20% of the births with the label, four networks an outer fold."""
    rng = np.random.default_rng(seed)
    labels = (rng.random(n) < 0.2).astype(int)
    own = rng.normal(1.2 * labels)
    folds = []
    for repeat in range(repeats):
        for tested in np.array_split(rng.permutation(n), 5):
            held_out = np.setdiff1d(np.arange(n), tested)
            known = own[held_out] + noise * rng.normal(size=len(held_out))
            by_inner = scale * (own[tested] + noise * rng.normal(size=(4, len(tested))))
            folds.append(StoredFold(repeat, held_out, known, tested, by_inner))
    return folds, labels


def raw_of(folds: list[StoredFold], names: list[str]) -> dict[tuple[int, int], pd.DataFrame]:
    kept = {}
    for i, fold in enumerate(folds):
        inner = np.arange(len(fold.held_out)) % 4
        held_out = pd.DataFrame({"name": [names[k] for k in fold.held_out], "inner": inner, "score": fold.known})
        tested = pd.concat(
            pd.DataFrame({"name": [names[k] for k in fold.tested], "inner": inner, "score": row})
            for inner, row in enumerate(fold.by_inner)
        )
        table = pd.concat([held_out.assign(use="held_out"), tested.assign(use="test")])
        kept[fold.repeat, i % 5] = table.assign(repeat=fold.repeat, fold=i % 5, member=0)
    return kept


def test_observed_statistics_are_those_of_the_out_of_fold_table():
    folds, y = cross_validation(0, noise=0.5, repeats=2)
    names = [f"r{i:03d}" for i in range(len(y))]
    labels, kept = pd.Series(y, names), raw_of(folds, names)
    again = stored_folds(kept, labels)
    null = calibration_null(again, y, n_redraws=20)
    expected = []
    for repeat in (0, 1):
        table = pd.concat(out_of_fold(raw, labels) for (r, _), raw in kept.items() if r == repeat)
        line = calibration_line(table["label"], table["probability"])
        ece = expected_calibration_error(table["label"], table["probability"])
        expected.append([line.slope, line.intercept, chi2.isf(line.p_value, 2), ece])
    np.testing.assert_allclose(null.observed, np.mean(expected, axis=0), atol=2e-3)


@pytest.mark.statistics
def test_p_is_uniform_under_a_calibrated_procedure_where_chi_squared_never_rejects():
    p, textbook = [], []
    for seed in range(40):
        null = calibration_null(*cross_validation(seed, n=250), n_redraws=40, seed=seed)
        p.append(null.p_value())
        textbook.append(chi2.sf(null.observed[2], 2))
    assert 0.36 < np.mean(p) < 0.64  # standard error 0.046
    assert 0.1 < np.mean(np.array(p) < 0.3) < 0.55
    assert min(textbook) > 0.3


@pytest.mark.parametrize("wrong", ["scale", "average"])
def test_a_procedure_that_is_wrong_in_every_redraw_is_found(wrong):
    folds, labels = cross_validation(1, noise=0.9, n=900, scale=1.6 if wrong == "scale" else 1.0)
    if wrong == "average":  # taken for one network
        folds = [fold._replace(by_inner=fold.by_inner.mean(axis=0)[None]) for fold in folds]
    null = calibration_null(folds, labels, n_redraws=60)
    assert null.p_value() < 0.05
    low, high = null.interval("calibration_slope")
    assert (null.observed[0] < low) if wrong == "scale" else (null.observed[0] > high)


def test_same_seed_same_numbers_and_another_kind_of_calibrator():
    folds, labels = cross_validation(2, n=120)
    one, same, other = (calibration_null(folds, labels, n_redraws=25, seed=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one.drawn, same.drawn)
    assert not np.array_equal(one.drawn, other.drawn)
    more, known = cross_validation(2, n=150)
    beta = calibration_null(more[:1], known, n_redraws=20, make=Beta)
    assert np.isfinite(beta.observed).all()
    assert 0 < beta.p_value() <= 1


def test_records_that_no_fold_tests_are_left_out():
    folds, labels = cross_validation(3, n=120)
    more = np.concatenate([labels, [1, 0, 1]])
    np.testing.assert_array_equal(
        calibration_null(folds, more, n_redraws=20).drawn, calibration_null(folds, labels, n_redraws=20).drawn
    )


def test_what_has_no_line_has_no_p_value():
    folds, labels = cross_validation(4, n=120)
    flat = [fold._replace(known=np.zeros_like(fold.known), by_inner=np.zeros_like(fold.by_inner)) for fold in folds]
    with np.errstate(all="raise"):
        null = calibration_null([flat[0]._replace(tested=np.arange(120), by_inner=np.zeros((1, 120)))], labels)
    assert np.isnan(null.p_value())
    assert np.isnan(null.interval("ece")).all()
    assert all(np.isnan(value) for value in calibration_metrics(null)["cox_p"])


def test_p_values_by_rank():
    draws = np.tile(np.arange(99.0) / 10, (4, 1))
    null = CalibrationNull(np.array([1.0, 0.0, 5.0, 0.1]), draws, draws, 99)
    assert null.p_value("cox") == pytest.approx((1 + 49) / 100)  # 5.0 to 9.8
    assert null.p_value("calibration_slope") == pytest.approx(2 * 12 / 100)  # 0.0 to 1.0
    assert null.p_value("calibration_intercept") == pytest.approx(2 * 2 / 100)
    assert replace_drawn(null, 40).p_value() != replace_drawn(null, 40).p_value()  # NaN: most redraws had no line
    assert set(calibration_metrics(null)) == {
        *("cox_p", "calibration_slope_null", "calibration_slope_p", "calibration_intercept_null"),
        *("calibration_intercept_p", "ece_null", "ece_p"),
    }
    assert len(STATISTICS) == 4


def replace_drawn(null: CalibrationNull, n: int) -> CalibrationNull:
    return null._replace(drawn=null.drawn[:, :n])


def test_redraws_of_redraws_say_where_redraws_are_too_large():
    """Redraws of redraws vary by 1.25 of the redraws, which vary by 1.25 of what a calibrated procedure gives."""
    rng = np.random.default_rng(0)
    draws, again = 1.25 * rng.normal(size=(4, 5000)), 1.25**2 * rng.normal(size=(4, 5000))
    null = CalibrationNull(np.full(4, 1.6449), draws, again, 5000)
    assert null.p_value("cox") == pytest.approx(0.05, abs=0.01)
    alone = null._replace(redrawn=again[:, :0])
    assert alone.p_value("cox") == pytest.approx(0.094, abs=0.01)
    assert null.p_value("ece") == alone.p_value("ece")
    smaller = null._replace(redrawn=draws / 2)  # which must not hide a procedure that is wrong
    assert smaller.p_value("cox") == alone.p_value("cox")


def test_redraws_are_redrawn_for_a_single_repeat():
    one, two = (calibration_null(*cross_validation(6, n=120, repeats=r), n_redraws=20) for r in (1, 2))
    assert one.redrawn.shape[1] > 10
    assert two.redrawn.shape == (4, 0)


def test_wrong_use_is_named():
    folds, labels = cross_validation(5, n=120, repeats=2)
    with pytest.raises(FHRError, match="n_redraws=3; give 20 or more"):
        calibration_null(folds, labels, n_redraws=3)
    with pytest.raises(FHRError, match="repeat 1 tests other records than repeat 0; pool whole repeats"):
        calibration_null(folds[:-1], labels)
    with pytest.raises(FHRError, match="no stored scores; give the folds of a cross-validation"):
        calibration_null([], labels)
    with pytest.raises(FHRError, match="100 labels beside scores of 120 records"):
        calibration_null(folds, labels[:100])
    names = [f"r{i}" for i in range(120)]
    with pytest.raises(FHRError, match="a scored record has no label"):
        stored_folds(raw_of(folds, names), pd.Series(labels[:-1], names[:-1]))


def test_the_limit_strays_in_other_births_where_networks_differ(monkeypatch):
    """The limit is out of calibration by the chance of the births, more so where networks of a birth differ more."""
    widths = {}
    for noise in (0.0, 1.2):
        folds, labels = cross_validation(7, noise=noise, repeats=2)
        with_chance = calibration_null(folds, labels, n_redraws=60)
        with monkeypatch.context() as patch:
            patch.setattr("fhr.evaluation.calibration_null.drawn_counts", lambda _, m, n: np.ones((m, n), dtype=int))
            without = calibration_null(folds, labels, n_redraws=60)
        np.testing.assert_array_equal(with_chance.observed, without.observed)
        widths[noise] = with_chance.drawn[:2].std(axis=1) / without.drawn[:2].std(axis=1)
    np.testing.assert_allclose(widths[0.0], 1, atol=0.25)  # other labels are drawn
    assert (widths[1.2] > widths[0.0] + 0.1).all(), widths


def test_the_truth_of_several_repeats_is_sharper_than_each_and_they_are_calibrated_under_it():
    generator = np.random.default_rng(8)
    odds = generator.normal(-1.5, 0.8, size=(1, 1, 2000))
    known = 3 + 0.2 * (odds[0, 0] + generator.normal(scale=0.6, size=2000))  # more is known; on any scale
    truth = _sharpened(odds, known)
    slope, intercept = lines_by_row(odds[0], truth)
    np.testing.assert_allclose([slope[0], intercept[0]], [1, 0], atol=1e-6)
    assert truth.std() > 1.1 * (1 / (1 + np.exp(-odds))).std()
    np.testing.assert_array_equal(np.argsort(truth[0]), np.argsort(known))


def test_scores_that_say_nothing_tell_no_sharper_truth():
    odds = np.random.default_rng(9).normal(-1.5, 0.5, size=(2, 1, 50))
    for known in (np.zeros(50), -odds.mean(axis=(0, 1))):
        truth = _sharpened(odds, known)
        assert np.isfinite(truth).all()
        assert truth.mean() == pytest.approx((1 / (1 + np.exp(-odds))).mean(), abs=1e-6)
