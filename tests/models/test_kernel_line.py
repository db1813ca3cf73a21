from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from fhr.errors import CheckpointError, FHRError
from fhr.metrics import auroc
from fhr.models import FittedKernelLine, KernelLine
from fhr.models.kernel_line import WEIGHTS

RNG = np.random.default_rng(3)
GROUPS = ("order_statistics",) * 4 + ("signal_loss",) + ("modulation",) * 3 + ("covariates",)
N = 300


def births(n: int, rng=RNG) -> tuple[np.ndarray, pd.DataFrame]:
    """Features of which a product of two tells pH, which no line sees."""
    x = rng.normal(size=(n, len(GROUPS)))
    x[:, -1] = x[:, -1] > 0
    ph = 7.2 + 0.08 * np.tanh(x[:, 0] * x[:, 1]) + 0.03 * x[:, 6] + 0.02 * rng.normal(size=n)
    return x, pd.DataFrame({"ph": ph, "bdecf": np.nan, "apgar1": 9.0})


X, OUTCOMES = births(N)
LINE = KernelLine("ph<=7.15", GROUPS)
FITTED = LINE.fit(X, OUTCOMES)


def test_it_learns_what_a_line_cannot():
    x, outcomes = births(200, np.random.default_rng(4))
    assert auroc((outcomes["ph"] <= 7.15).to_numpy().astype(int), FITTED.scores(x)) > 0.8


def test_terms_are_of_their_groups():
    assert {name: term.columns for name, term in LINE.terms.items()} == {
        "order_statistics": (0, 1, 2, 3, 4),  # signal loss beside them, in one kernel
        "modulation": (5, 6, 7),
        "covariates": (8,),
    }
    assert LINE.terms["covariates"].decay == 0 < LINE.terms["modulation"].decay
    assert {name: term.weight for name, term in LINE.terms.items()} == {name: WEIGHTS[name] for name in LINE.terms}


def test_left_out_records_are_scored_without_themselves():
    i, rest = 17, np.delete(np.arange(N), 17)
    without = LINE.fit(X[rest], OUTCOMES.iloc[rest])
    assert FITTED.leave_one_out is not None
    # The scaling of features and target moves a little with the record, nothing else does.
    assert FITTED.leave_one_out[i] == pytest.approx(without.scores(X[[i]])[0], abs=0.05)
    assert abs(FITTED.leave_one_out[i] - FITTED.scores(X[[i]])[0]) > 0.05


def test_features_add_up_to_the_difference_from_the_median_birth():
    median = np.full((1, len(GROUPS)), np.nan)
    parts = FITTED.by_feature(X[:5], steps=200)
    np.testing.assert_allclose(parts.sum(axis=1), FITTED.scores(X[:5]) - FITTED.scores(median), atol=0.01)
    assert np.abs(parts[:, 6]).mean() > 3 * np.abs(parts[:, 5]).mean()  # which says nothing of pH


def test_what_is_missing_or_usual_adds_nothing():
    counts = np.concatenate([np.round(X), X[:, :1]], axis=1)  # the median stands at no mean of the ranks
    fitted = replace(LINE, groups=(*GROUPS, GROUPS[0])).fit(counts, OUTCOMES)
    rows = counts[:4].copy()
    rows[:, 2], rows[0, 4] = np.nan, fitted.scaling.median[4]
    parts = fitted.by_feature(rows)
    assert (parts[:, 2] == 0).all()
    assert parts[0, 4] == 0
    usual = fitted.scores(np.full_like(rows, np.nan))
    np.testing.assert_allclose(parts.sum(axis=1), fitted.scores(rows) - usual, atol=0.02)


def test_missing_features_take_the_median():
    gaps = X[:3].copy()
    gaps[:, 2] = np.nan
    filled = gaps.copy()
    filled[:, 2] = np.median(X[:, 2])
    np.testing.assert_allclose(FITTED.scores(gaps), FITTED.scores(filled), atol=1e-6)  # a value is taken as float32


def test_features_of_one_value_change_nothing():
    flat = np.concatenate([X, np.full((N, 200), 3.0)], axis=1)
    fitted = replace(LINE, groups=(*GROUPS, *["band_amplitudes"] * 200)).fit(flat, OUTCOMES)
    np.testing.assert_allclose(fitted.scores(flat[:9]), FITTED.scores(X[:9]), atol=1e-9)


def test_births_of_unknown_ph_are_not_learnt_from():
    some = OUTCOMES.copy()
    some.loc[100:, "ph"] = np.nan
    fitted = LINE.fit(X, some)
    assert len(fitted.records) == 100
    np.testing.assert_array_equal(fitted.scores(X[:9]), LINE.fit(X[:100], OUTCOMES[:100]).scores(X[:9]))


def test_what_is_kept_gives_the_same_scores():
    again = FittedKernelLine.from_arrays(FITTED.specification, FITTED.arrays())
    np.testing.assert_array_equal(again.scores(X), FITTED.scores(X))
    assert again.recipe == LINE
    assert all(array.dtype in (np.float32, np.float64) for array in FITTED.arrays().values())


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("records", lambda a: a[:, :-1]),
        ("records", lambda a: a[:0]),
        ("records", lambda a: a.astype(np.float64)),
        ("records", lambda a: a * np.nan),
        ("coefficients", lambda a: a[:-1]),
        ("coefficients", lambda a: a.astype(object)),
        ("offset", lambda a: np.array([np.inf])),
        ("quantiles", lambda a: a[::-1]),
        ("quantiles", lambda a: a[:1]),
        ("spread", lambda a: a * 0),
        ("spread", lambda a: a * np.nan),
        ("median", lambda a: a[None]),
        ("centre", lambda a: None),
    ],
)
def test_what_no_fit_makes_is_refused(name, change):
    arrays = FITTED.arrays()
    changed = change(arrays.pop(name))
    with pytest.raises(CheckpointError, match="a kernel line that no fit makes"):
        FittedKernelLine.from_arrays(FITTED.specification, arrays if changed is None else {**arrays, name: changed})


@pytest.mark.parametrize(
    "wrong",
    [
        {"groups": []},
        {"groups": ["order_statistics"] * 3},
        {"weights": {"modulation": float("nan")}},
        {"weights": {"modulation": -1.0}},
        {"penalty": 0.0},
        {"decay": "0.6"},
        {"more": 1},
        {"label": 3},
    ],
)
def test_recipes_that_cannot_be_are_refused(wrong):
    plain = LINE.to_dict() | wrong
    with pytest.raises(CheckpointError, match="train anew"):
        FittedKernelLine.from_arrays({"class_path": "fhr.models.KernelLine", "init_args": plain}, FITTED.arrays())


def test_too_little_to_learn_from():
    with pytest.raises(FHRError, match="7 training records of known pH; the kernel line needs 20"):
        LINE.fit(X[:7], OUTCOMES[:7])
    with pytest.raises(FHRError, match="there is nothing to learn"):
        LINE.fit(X, OUTCOMES.assign(ph=7.2))
    with pytest.raises(FHRError, match=r"give \(n, 9\)"):
        LINE.fit(X[:, :-1], OUTCOMES)
    with pytest.raises(FHRError, match="give features of one of order_statistics"):
        KernelLine("ph<7.05", ("scalar", "scalar"))
    with pytest.raises(FHRError, match="penalty=0"):
        KernelLine("ph<7.05", GROUPS, penalty=0)


def test_weights_draw_the_line_to_the_records_that_have_them():
    few = np.where(np.arange(N) < 30, 10.0, 0.1)
    even, drawn = (LINE.fit(X, OUTCOMES, weights) for weights in (np.full(N, 1.0), few))
    np.testing.assert_allclose(even.scores(X), FITTED.scores(X), atol=1e-9)
    target = -OUTCOMES["ph"][:30]
    near = [np.corrcoef(line.scores(X[:30]), target)[0, 1] for line in (drawn, FITTED)]
    assert near[0] > near[1]


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        (np.ones(N - 1), r"shape \(299,\) for 300 records"),
        (-np.ones(N), "none below 0"),
        (np.full(N, np.inf), "finite"),
        (np.zeros(N), "are 0; give some above"),
    ],
)
def test_wrong_weights_are_refused(weights, said):
    with pytest.raises(FHRError, match=said):
        LINE.fit(X, OUTCOMES, weights)
