"""The whole procedure: families are chosen or weighed by inner folds alone, and combined on one scale."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from fhr.errors import FHRError
from fhr.evaluation import BASELINES, RAW_COLUMNS, OnTable, Procedure, combine, cross_validate
from fhr.metrics import auroc

TARGET = "ph<7.20"


def line(table: pd.DataFrame, column: str):
    return lambda place, seed: OnTable(LogisticRegression(), table[[column]])


@pytest.fixture(scope="module")
def table(births_database) -> pd.DataFrame:
    """Two noisy views of pH, one of them on a large scale, and one of nothing."""
    ph, n = births_database.outcomes["ph"], len(births_database)
    one, other, nothing = np.random.default_rng(5).normal(size=(3, n))
    return pd.DataFrame({"one": ph + 0.08 * one, "other": 1000 * (ph + 0.08 * other), "nothing": nothing})


def raw_of(*scales: float, told: tuple[float, ...] = (1.0, 0.0), seed: int = 0) -> tuple[pd.DataFrame, pd.Series]:
    """Raw scores of one outer fold of two families, which tell the label to different degrees."""
    generator = np.random.default_rng(seed)
    names = [f"r{i}" for i in range(200)]
    labels = pd.Series(generator.integers(0, 2, 200), index=names)
    rows = []
    for family, (scale, share) in enumerate(zip(scales, told, strict=True)):
        for inner in range(4):
            held_out, test = names[40 * inner : 40 * inner + 40], names[160:]
            for use, some in (("held_out", held_out), ("test", test)):
                score = scale * (share * labels[some] + generator.normal(size=len(some)))
                rows.append(pd.DataFrame({"name": some, "use": use, "score": score.to_numpy()}))
                rows[-1][["repeat", "fold", "inner", "member", "family"]] = 0, 1, inner, 0, family
    return pd.concat(rows, ignore_index=True)[[*RAW_COLUMNS, "family"]], labels


def test_the_better_family_is_chosen_and_its_scores_stay_as_they_are():
    raw, labels = raw_of(1.0, 50.0)
    found = combine(raw, labels, "choose")
    assert found.weights == (1.0, 0.0)
    assert found.inner_scores[0] > 0.65 > 0.6 > found.inner_scores[1]
    own = raw[raw["family"] == 0].drop(columns="family").reset_index(drop=True)
    pd.testing.assert_frame_equal(found.raw, own)


@pytest.mark.parametrize("by", ["choose", "mean", "weigh"])
def test_nothing_of_the_outer_fold_decides(by):
    raw, labels = raw_of(1.0, 3.0, told=(1.0, 0.8))
    test_names = raw.loc[raw["use"] == "test", "name"].unique()
    turned = labels.where(~labels.index.isin(test_names), 1 - labels)
    pd.testing.assert_frame_equal(combine(raw, labels, by).raw, combine(raw, turned, by).raw)
    other = raw.copy()
    other.loc[other["use"] == "test", "score"] *= -5
    one, two = combine(raw, labels, by), combine(other, labels, by)
    assert one.weights == two.weights
    held_out = [found.raw[found.raw["use"] == "held_out"].reset_index(drop=True) for found in (one, two)]
    pd.testing.assert_frame_equal(*held_out)


def test_equal_weights_are_the_mean_of_standardised_scores_whatever_the_scale():
    raw, labels = raw_of(1.0, 1.0)
    scaled = raw.copy()
    scaled.loc[scaled["family"] == 1, "score"] = 7 + 100 * scaled["score"]
    one, other = (combine(rows, labels, "mean") for rows in (raw, scaled))
    np.testing.assert_allclose(one.raw["score"], other.raw["score"], atol=1e-9)
    assert one.weights == (0.5, 0.5)
    family = [rows.reset_index(drop=True) for _, rows in raw.groupby("family")]
    z = [(f["score"] - (h := f.loc[f["use"] == "held_out", "score"]).mean()) / h.std(ddof=0) for f in family]
    np.testing.assert_allclose(one.raw["score"], (z[0] + z[1]) / 2, atol=1e-9)


def test_weights_follow_what_a_family_tells():
    raw, labels = raw_of(1.0, 1.0, told=(1.5, 0.0))
    found = combine(raw, labels, "weigh")
    assert sum(found.weights) == pytest.approx(1)
    assert found.weights[0] > 0.75
    alike, labels = raw_of(1.0, 1.0, told=(1.0, 1.0), seed=2)
    assert combine(alike, labels, "weigh").weights == pytest.approx((0.5, 0.5), abs=0.15)


def test_a_held_out_record_does_not_weigh_its_own_label():
    """The labels of one inner fold change the combined held-out scores of the others alone."""
    raw, labels = raw_of(1.0, 1.0, told=(1.0, 0.6))
    fold = raw.loc[(raw["inner"] == 2) & (raw["use"] == "held_out"), "name"].unique()
    turned = labels.where(~labels.index.isin(fold), 1 - labels)
    one, other = (combine(raw, y, "weigh").raw for y in (labels, turned))
    mine = (one["inner"] == 2) & (one["use"] == "held_out")
    pd.testing.assert_frame_equal(one[mine], other[mine])
    rest = (one["inner"] != 2) & (one["use"] == "held_out")
    assert not np.allclose(one.loc[rest, "score"], other.loc[rest, "score"])


@pytest.mark.parametrize("by", ["choose", "mean", "weigh"])
def test_a_procedure_goes_through_the_protocol_as_one_more_maker(births_database, table, by):
    makers = [line(table, "nothing"), line(table, "one"), line(table, "other")]
    result = cross_validate(Procedure(makers, by), births_database, target=TARGET, inner=2)
    families = result.families()
    areas = [auroc(f.predictions["label"], f.predictions["score"]) for f in families]
    own = result.metrics["auroc"].value
    assert areas[0] < 0.65 < own
    if by == "choose":
        assert all(found.weights[0] == 0 for found in result.combined.values())
    else:
        assert own > areas[0] + 0.15
    alone = cross_validate(makers[1], births_database, target=TARGET, inner=2)
    pd.testing.assert_frame_equal(families[1].predictions, alone.predictions)


def test_a_list_is_averaged_at_equal_weight(births_database, table):
    makers = [line(table, "one"), line(table, "other")]
    as_list = cross_validate(
        lambda place, seed: [make(place, seed) for make in makers], births_database, target=TARGET, inner=1
    )
    procedure = cross_validate(Procedure(makers, "mean"), births_database, target=TARGET, inner=1)
    pd.testing.assert_frame_equal(as_list.predictions, procedure.predictions)
    assert as_list.metrics["auroc"].value > 0.6


def test_baselines_are_makers(births_database, table):
    renamed = table.rename(columns={"one": "mad_60"})
    (mad,) = [baseline for baseline in BASELINES if baseline.slug == "mad"]
    result = cross_validate(Procedure([mad.maker(renamed)]), births_database, target=TARGET, inner=1)
    alone = cross_validate(mad.maker(renamed), births_database, target=TARGET, inner=1)
    pd.testing.assert_frame_equal(result.predictions, alone.predictions)


def test_a_family_that_says_nothing_in_most_inner_folds_is_not_chosen():
    raw, labels = raw_of(1.0, 1.0, told=(0.6, 3.0))
    silent = raw.copy()
    silent.loc[(silent["family"] == 1) & (silent["inner"] > 0), "score"] = 7.0
    found = combine(silent, labels, "choose")
    assert found.weights == (1.0, 0.0)
    assert found.inner_scores[1] < 0.5 + 0.5 / 4 + 1e-9


def test_mistakes():
    with pytest.raises(FHRError, match="a procedure without a maker"):
        Procedure([])
    with pytest.raises(FHRError, match="a procedure among the makers of a procedure"):
        Procedure([Procedure([print]), print])
    with pytest.raises(FHRError, match="by='vote'; combine families by choose, mean or weigh"):
        Procedure([print], "vote")
    raw, labels = raw_of(1.0, 1.0)
    with pytest.raises(FHRError, match="a family left 1 records out that another one scored, r"):
        combine(raw.drop(index=raw.index[-1]), labels, "mean")
