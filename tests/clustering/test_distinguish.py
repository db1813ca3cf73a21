"""What distinguishes kinds: effect sizes and tests against scipy, and no difference where there are no kinds."""

from dataclasses import replace
from functools import cache
from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import fisher_exact, kruskal, mannwhitneyu, spearmanr
from sklearn.linear_model import LinearRegression

from fhr.clustering import METHODS, Kinds, NormalKinds, Points, clinical_table, differences_in_words, what_distinguishes
from fhr.clustering.clinical_columns import described, is_apart
from fhr.clustering.group_differences import (
    epsilon_squared,
    fisher_freeman_halton,
    kept_by_kinds,
    kruskal_wallis,
    rank_biserial,
)
from fhr.clustering.smooth_dependence import SmoothDependence
from fhr.errors import FHRError
from fhr.recording import Clinical, Outcome, Recording
from fhr.similarity import OpenIndex, embedding_from, index_of_recordings

FEW = {"n_references": 39, "permutations": 199}


def asked_for(points: Points, kinds: int) -> Kinds:
    """So many kinds, without the search for their number."""
    member = NormalKinds.fit(points.values, METHODS["kmeans"](points.values, kinds, 0).labels)(points.values)
    found = (member[None], (member,), np.zeros(len(points)), {"method": "kmeans"})
    return Kinds(points, kinds, (), np.array([kinds]), *found)


@cache
def two_kinds() -> tuple[Kinds, pd.DataFrame]:
    """Two kinds of labour six standard deviations apart, and what hangs on them."""
    rng = np.random.default_rng(0)
    n = 120
    kind, x = rng.random(n) < 0.35, rng.normal(size=(n, 3))
    x[:, 0] += 6 * kind
    points = Points.of(x, [f"L{i:03d}" for i in range(n)])
    table = pd.DataFrame(
        {
            "baseline_mean": 140 - 12 * kind + 4 * rng.normal(size=n),
            "stv": 8 + x[:, 1] + rng.normal(size=n),
            "ph": np.round(7.27 - 0.1 * kind + 0.05 * rng.normal(size=n), 2),
            "apgar5": rng.integers(7, 11, n),
            "caesarean": (rng.random(n) < 0.05 + 0.6 * kind).astype(float),
        },
        index=points.names,
    )
    return asked_for(points, 2), table


@cache
def compared() -> pd.DataFrame:
    found, table = two_kinds()
    return what_distinguishes(found, table, **FEW)


def test_effect_sizes_are_those_of_scipy():
    rng = np.random.default_rng(1)
    labels, x = rng.integers(0, 3, 60), rng.normal(size=(60, 2))
    features = np.c_[rng.integers(0, 5, 60), rng.normal(size=60), x[:, 0]].astype(float)
    features[:7, 1] = np.nan
    for column in features.T:
        there = np.isfinite(column)
        h = kruskal(*(column[there & (labels == k)] for k in range(3))).statistic
        assert epsilon_squared(labels, column) == pytest.approx(h / (there.sum() - 1))
    binary = labels[labels < 2]
    numbers = features[labels < 2, 0]
    u = mannwhitneyu(numbers[binary == 1], numbers[binary == 0]).statistic
    assert rank_biserial(binary, numbers) == pytest.approx(2 * u / (binary == 1).sum() / (binary == 0).sum() - 1)
    yes = (numbers > 2).astype(float)
    assert rank_biserial(binary, yes) == pytest.approx(yes[binary == 1].mean() - yes[binary == 0].mean())


def test_what_kinds_keep_is_a_ratio_of_shares_of_variance():
    rng = np.random.default_rng(3)
    labels, x = rng.integers(0, 2, 50), rng.normal(size=(50, 2))
    feature = x[:, 0] + labels + rng.normal(size=50)
    by_kinds = LinearRegression().fit(labels[:, None], feature).score(labels[:, None], feature)
    both = np.c_[x, labels]
    ratio = by_kinds / LinearRegression().fit(both, feature).score(both, feature)
    kept = kept_by_kinds(x, labels, np.c_[feature, labels, np.ones(50)])
    np.testing.assert_allclose(kept, [ratio, 1, np.nan])


def test_p_values_are_those_of_all_permutations():
    labels, numbers = np.array([0, 0, 0, 1, 1, 2, 2]), np.array([1.0, 2.5, 2.5, 4, 6, 5, 7])  # their own ranks
    every = np.array(list(permutations(numbers)))
    h = [np.square([one[labels == k].sum() for k in range(3)] / np.sqrt([3, 2, 2])).sum() for one in every]
    exact = np.mean(np.array(h) >= h[0] - 1e-9)
    assert kruskal_wallis(labels, numbers, 9_999, np.random.default_rng(0)) == pytest.approx(exact, abs=0.02)
    yes = np.r_[np.ones(8), np.zeros(12), np.ones(2), np.zeros(18)]
    two = np.repeat([0, 1], 20)
    exact = fisher_exact([[8, 12], [2, 18]]).pvalue
    assert fisher_freeman_halton(two, yes, 9_999, np.random.default_rng(0)) == pytest.approx(exact, abs=0.015)


def test_drawn_features_hang_on_the_points_as_the_real_ones_do():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(400, 3)) * [2, 1, 1]
    features = np.c_[np.exp(x[:, 0]), np.maximum(0, x[:, 1] + 0.5 * rng.normal(size=400)), x[:, 0] ** 2]
    features[rng.random(400) < 0.25, 1] = np.nan
    fresh = rng.normal(size=(400, 3)) * [2, 1, 1]
    drawn = SmoothDependence.fit(x, features).draw(fresh, rng)
    for j, of in enumerate((lambda v: v[:, 0], lambda v: v[:, 1], lambda v: v[:, 0] ** 2)):
        here, there = np.isfinite(features[:, j]), np.isfinite(drawn[:, j])
        strength = spearmanr(features[here, j], of(x[here])).statistic
        assert spearmanr(drawn[there, j], of(fresh[there])).statistic == pytest.approx(strength, abs=0.08)
        assert there.mean() == pytest.approx(here.mean(), abs=0.08)
        quantiles = np.nanquantile(drawn[:, j], (0.25, 0.75)) - np.nanquantile(features[:, j], (0.25, 0.75))
        assert np.abs(quantiles).max() < 0.3 * np.nanstd(features[:, j])


def test_drawn_features_have_no_kinds_of_their_own():
    rng = np.random.default_rng(4)
    kind = rng.random(300) < 0.5
    x = rng.normal(size=(300, 2)) + 6 * kind[:, None] - 3
    drawn = SmoothDependence.fit(x, np.c_[x[:, 0], kind]).draw(rng.normal(size=(300, 2)) * x.std(axis=0), rng)
    assert np.mean(np.abs(x[:, 0]) < 1) < 0.05
    assert np.mean(np.abs(drawn[:, 0]) < 1) > 0.15
    assert set(drawn[:, 1]) == {0.0, 1.0}  # of two values nothing is between


def test_kinds_that_are_there_are_told_apart_by_what_hangs_on_them():
    table = compared()
    assert (table["q"] <= 0.05).to_dict() == {
        "baseline_mean": True,
        "stv": False,
        "ph": True,
        "apgar5": False,
        "caesarean": True,
    }
    assert table["read"].tolist() == [True, True, False, False, False]
    assert table.loc["baseline_mean", "kept"] > table.loc["baseline_mean", "kept_by_one_kind"] > 0.4
    assert table.loc[["ph", "caesarean"], "test"].tolist() == ["Kruskal-Wallis", "Fisher-Freeman-Halton"]
    assert table.loc["caesarean", "low_2"] < table.loc["caesarean", "kind_2"] < table.loc["caesarean", "high_2"]
    assert table.attrs["n_made"] == table.attrs["n_tested"] == 60


def test_kinds_keep_their_numbers():
    found, table = two_kinds()
    first = table["baseline_mean"][found.labels == 0].median() > table["baseline_mean"][found.labels == 1].median()
    assert (compared().loc["baseline_mean", "kind_1"] > compared().loc["baseline_mean", "kind_2"]) == first
    swapped = replace(found, memberships=found.memberships[:, :, ::-1])
    other = what_distinguishes(swapped, table[["ph"]], **FEW)
    assert other.loc["ph", "kind_1"] == compared().loc["ph", "kind_2"]
    assert other.loc["ph", "effect"] == pytest.approx(-compared().loc["ph", "effect"])


def test_parts_of_one_cloud_are_not_told_apart_by_what_makes_them():
    p, of_split = [], []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=(80, 2)) * [2, 1]
        points = Points.of(x)
        table = pd.DataFrame({"baseline_mean": x[:, 0] + 0.2 * rng.normal(size=80)}, index=points.names)
        given = {"references": ["gaussian"], "n_references": 19, "permutations": 99, "seed": seed}
        found = asked_for(points, 2)
        p.append(what_distinguishes(found, table, **given).loc["baseline_mean", "p"])
        of_split.append(what_distinguishes(found, table, apart=["baseline_mean"], **given).loc["baseline_mean", "p"])
    assert max(of_split) <= 0.01
    assert sum(np.array(p) <= 0.05) <= 2  # three or more of 8 come with chance 0.006


def test_a_row_a_window_or_a_row_a_labour_in_any_order():
    found, table = two_kinds()
    names = np.repeat(found.points.names, 2)
    twice = Points.of(np.repeat(found.points.values, 2, axis=0), names)
    windows = table.loc[names, ["baseline_mean", "ph"]]
    by_window = what_distinguishes(asked_for(twice, 2), windows, n_references=5, permutations=99)
    by_labour = what_distinguishes(
        asked_for(twice, 2), table[windows.columns].iloc[::-1], n_references=5, permutations=99
    )
    pd.testing.assert_frame_equal(by_window, by_labour)
    assert by_window.loc["ph", "n"] == 60


def test_one_kind_has_nothing_to_compare_unless_parts_are_asked_for():
    found, table = two_kinds()
    one = asked_for(found.points, 1)
    nothing = what_distinguishes(one, table)
    assert not len(nothing)
    assert differences_in_words(nothing) == ["one kind: there is nothing to compare"]
    parts = what_distinguishes(one, table[["ph"]], kinds=2, **FEW)
    forced = replace(found, facts=found.facts | {"found": 1})
    assert what_distinguishes(forced, table[["ph"]], **FEW).attrs["said"] == parts.attrs["said"]
    assert parts.attrs["said"] == ["one kind was found, and 2 were asked for: these are parts of one kind"]


def test_what_is_unknown_is_not_tested():
    found, table = two_kinds()
    given = table[["ph"]].assign(few=np.where(np.arange(120) < 6, 1.5, np.nan), none=np.nan, stv=4.0)
    told = what_distinguishes(found, given, apart=["ph", "none"], **FEW)
    assert told["p"].notna().to_dict() == {"ph": True, "few": False, "none": False, "stv": False}
    assert told.loc["none", "n"] == 0
    assert "too little is known of few, short-term variation, none" in differences_in_words(told)


def test_words_say_what_is_higher_and_what_does_not_differ():
    said = " ".join(differences_in_words(compared()))
    low = "lower" if compared().loc["ph", "effect"] < 0 else "higher"
    assert f"{low} umbilical artery pH (7." in said
    assert "more often caesarean sections (" in said or "less often caesarean sections (" in said
    assert "not shown to differ in Apgar at 5 min" in said
    assert "no more than parts of one kind would, in short-term variation" in said
    found, table = two_kinds()
    three = differences_in_words(what_distinguishes(found, table[["ph"]], kinds=3, **FEW))
    assert three[0] == "2 kinds were found, and 3 were asked for"
    assert sum(line.startswith("kind ") for line in three) == 3


def test_columns_of_this_package_have_words_and_units():
    assert [described(name).unit for name in ("second_stage", "stv")] == ["min", "ms"]
    assert [is_apart(name) for name in ("ph<7.05", "parity", "sample_entropy")] == [True, True, False]
    assert described("mine") == ("mine", "1", "mine")


@pytest.mark.parametrize(
    ("change", "given", "message"),
    [
        (lambda t: t.set_axis(range(120)), {}, "nothing in the table is of the labours, such as L000"),
        (lambda t: pd.concat([t, t[:1]]), {}, "L000 stands several times"),
        (lambda t: t.assign(sensor="scalp"), {}, "columns sensor hold no numbers"),
        (lambda t: t.assign(ph=np.inf), {}, "infinite"),
        (lambda t: t, {"apart": ["parity"]}, "apart='parity' is no column"),
        (lambda t: t, {"fdr": "none"}, "fdr='none'"),
        (lambda t: t, {"references": ["cauchy"]}, "choose from gaussian, copula"),
        (lambda t: t, {"kinds": 13}, "kinds=13 of half of 120 labours; ask for 2 to 12"),
        (lambda t: t, {"kinds": 4, "method": "hdbscan"}, "hdbscan finds 2 kinds in half of the labours, not 4"),
        (lambda t: t[[]], {}, "a table with columns"),
        (lambda t: None, {}, "the kinds are of vectors"),
    ],
)
def test_bad_input_is_refused_with_advice(change, given, message):
    found, table = two_kinds()
    with pytest.raises(FHRError, match=message):
        what_distinguishes(found, change(table), **given)


def recordings() -> list[Recording]:
    """Labours at 4 Hz of 30 min: a baseline, noise, contractions."""
    rng, time = np.random.default_rng(0), np.arange(7200) / 4
    uc = (20 + 40 * np.maximum(0, np.sin(2 * np.pi * time / 180)) ** 3).astype(np.float32)
    signals = [(level + rng.normal(size=7200)).astype(np.float32) for level in (130, 140, 150)]
    births = [Clinical(parity=0, second_stage=12), Clinical(parity=2, delivery_type=2), Clinical()]
    outcomes = [Outcome(ph=7.1), Outcome(ph=7.3), Outcome()]
    return [
        Recording(name=f"R{i}", fhr=fhr, uc=uc, fs=4.0, outcome=outcome, clinical=clinical)
        for i, (fhr, outcome, clinical) in enumerate(zip(signals, outcomes, births, strict=True))
    ]


def test_the_clinical_table_is_of_the_windows_and_of_the_births():
    given = recordings()
    index = index_of_recordings(given, embedding_from("raw", 20), minutes=20, step=5)
    table = clinical_table(OpenIndex(index, {one.name: one for one in given}), targets=["ph<=7.15"])
    assert table.index.tolist() == index.windows["record"].tolist()
    by_labour = table.groupby(level=0).mean()
    assert by_labour["baseline_mean"].round().tolist() == [130, 140, 150]
    np.testing.assert_array_equal(by_labour["ph<=7.15"], [1.0, 0.0, np.nan])
    np.testing.assert_array_equal(by_labour["nulliparity"], [1.0, 0.0, np.nan])
    np.testing.assert_array_equal(by_labour["second_stage"], [12.0, np.nan, np.nan])
    assert "meconium" not in table
    alone = clinical_table(index)
    assert alone.columns.tolist() == ["ph", "ph<=7.15"]
    assert alone.attrs["said"] == ["the recordings are not at hand: outcomes alone are compared"]
    changed = {one.name: replace(one, fhr=one.fhr + 1) for one in given}
    with pytest.raises(FHRError, match="R0: is another one than when the index was made"):
        clinical_table(OpenIndex(index, changed))
    other = Points.of(np.random.default_rng(0).normal(size=(20, 2)))
    with pytest.raises(FHRError, match="not of this index"):
        clinical_table(index, other)
