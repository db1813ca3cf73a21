import re

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from fhr.errors import FHRError, OutcomeError, SplitError
from fhr.evaluation.comparison import COMPARED, METRICS, compare
from fhr.evaluation.summary import evaluate_predictions
from fhr.evaluation.training_variance import Spread, spread_of, widened
from fhr.metrics import holm


def made(signal: float, *, seed: int, n: int = 90, repeats: int = 1, label: np.ndarray | None = None) -> pd.DataFrame:
    """Predictions whose score has `signal` standard deviations between the classes, in a shuffled order."""
    generator = np.random.default_rng(seed)
    y = np.arange(n) % 3 == 0 if label is None else label
    tables = []
    for repeat in range(repeats):
        score = generator.normal(size=n) + signal * y
        rows = {"name": [f"r{i:03d}" for i in range(n)], "repeat": repeat, "fold": (np.arange(n) + repeat) % 5}
        rows |= {"label": y.astype(int), "score": score, "probability": 1 / (1 + np.exp(0.7 - score))}
        tables.append(pd.DataFrame(rows).sample(frac=1, random_state=seed + repeat))
    return pd.concat(tables, ignore_index=True)


def test_brute_force():
    """Record by record, with the area of another library."""
    one, other = made(0.5, seed=0), made(1.0, seed=1)
    (row,) = compare({"one": one, "other": other}, ["auroc"], n_resamples=300, seed=4).to_dict("records")
    y, a, b = (t.sort_values("name")[c].to_numpy() for t, c in ((one, "label"), (one, "score"), (other, "score")))
    assert row["value"] == pytest.approx(roc_auc_score(y, b))
    assert row["against_value"] == pytest.approx(roc_auc_score(y, a))
    drawn = np.random.default_rng(4).integers(90, size=(300, 90))
    differences = np.array([roc_auc_score(y[i], b[i]) - roc_auc_score(y[i], a[i]) for i in drawn])
    assert row["difference"] == pytest.approx(roc_auc_score(y, b) - roc_auc_score(y, a))
    assert (row["low"], row["high"]) == pytest.approx(tuple(np.percentile(differences, [2.5, 97.5])))
    assert row["p"] == pytest.approx(2 * (1 + min(np.sum(differences <= 0), np.sum(differences >= 0))) / 301)


def test_every_metric_is_that_of_the_plain_evaluation():
    one, other = made(0.7, seed=0, repeats=2), made(1.0, seed=1, repeats=3)
    table = compare({"one": one, "other": other}, list(METRICS), n_resamples=50).set_index("metric")
    assert list(table.index) == list(METRICS)
    for name, predictions in (("against_value", one), ("value", other)):
        expected = evaluate_predictions(predictions)
        for metric, row in table.iterrows():
            assert row[name] == pytest.approx(expected[metric].value)
    assert set(COMPARED) <= set(METRICS)


def test_a_model_against_itself_differs_by_nothing():
    one = made(0.7, seed=0)
    table = compare({"one": one, "again": one.sample(frac=1, random_state=5)}, n_resamples=100)
    assert (table[["difference", "low", "high"]] == 0).all(axis=None)
    assert (table["p"] == 1).all()


def test_what_both_find_hard_cancels():
    one = made(0.7, seed=0)
    other = one.assign(score=one["score"] + 0.05 * np.random.default_rng(0).normal(size=len(one)))
    near = compare({"one": one, "near": other}, ["auroc"]).iloc[0]
    apart = compare({"one": one, "apart": made(0.7, seed=9)}, ["auroc"]).iloc[0]
    assert near["high"] - near["low"] < 0.2 * (apart["high"] - apart["low"])


@pytest.mark.statistics
def test_equal_models_are_told_apart_once_in_twenty():
    p = []
    for seed in range(120):
        label = np.random.default_rng(seed).random(100) < 0.3
        models = {name: made(0.8, seed=2 * seed + k, n=100, label=label) for k, name in enumerate("ab")}
        p.append(compare(models, ["auroc"], n_resamples=99, seed=seed)["p"].iloc[0])
    assert np.mean(np.array(p) <= 0.05) == pytest.approx(0.05, abs=0.045)
    assert np.mean(p) == pytest.approx(0.5, abs=0.08)


def trained(generator: np.random.Generator, y: np.ndarray, *, repeats: int, gain: float, by: float = 0.0) -> dict:
    """Two models that share what they see of each record; each training has a strength of its own."""
    x, tables = generator.normal(size=len(y)), {}
    for name, more in (("a", 0.0), ("b", by)):
        rows = []
        for r in range(repeats):
            strength = 1 + more + gain * generator.normal()
            score = x + 0.5 * generator.normal(size=len(y)) + strength * y
            rows.append(pd.DataFrame({"name": np.arange(len(y)).astype(str), "repeat": r, "fold": np.arange(len(y)) % 5,
                                      "label": y, "score": score, "probability": 0.5}))  # fmt: skip
        tables[name] = pd.concat(rows)
    return tables


@pytest.mark.statistics
def test_chance_of_training_is_no_difference_of_procedures():
    """Equal procedures whose trainings differ: 5% are told apart, where records alone would tell a fifth apart."""
    generator, y = np.random.default_rng(0), (np.arange(150) % 4 == 0).astype(int)
    rows = [
        compare(trained(generator, y, repeats=3, gain=0.4), ["auroc"], n_resamples=99, seed=k).iloc[0]
        for k in range(60)
    ]
    table = pd.DataFrame(rows)
    assert (np.abs(table["difference"]) > 1.96 * table["sd_records"]).mean() > 0.15
    assert (table["p"] <= 0.05).mean() <= 0.05 + 1.96 * np.sqrt(0.05 * 0.95 / 60)


@pytest.mark.statistics
def test_the_smallest_difference_is_found_four_times_in_five():
    """Normal theory on the parts of a difference: bootstrap draws with their variance, R trainings."""
    generator, records, training, repeats = np.random.default_rng(1), 0.03, 0.015, 4
    total, estimate = np.hypot(records, training), np.hypot(records, training / np.sqrt(repeats))
    true = Spread(records, training, float(total), float(estimate), np.inf).detectable()
    assert true == pytest.approx(1.960 * total + 0.842 * estimate, rel=1e-3)
    found = []
    for k in range(1000):
        ours = true + records * generator.normal() + training * generator.normal(size=repeats)
        around = records * generator.normal(size=400)
        spread = spread_of(ours, ours[:, None] + around)
        draws = widened(ours.mean(), ours.mean() + around, spread, seed=k)
        found.append(np.percentile(draws, 2.5) > 0)
    assert np.mean(found) == pytest.approx(0.8, abs=0.06)


def test_variances_of_records_and_of_training_add_up():
    """A part of all records, a part of all scores of a training, a part of single records in a training."""
    generator, a, b, c, repeats = np.random.default_rng(2), 3.0, 2.0, 1.0, 5
    totals = []
    for _ in range(400):
        ours = np.sqrt(b + c) * generator.normal(size=repeats)
        draws = np.sqrt(a) * generator.normal(size=300) + np.sqrt(c) * generator.normal(size=(repeats, 300))
        spread = spread_of(ours, draws)
        assert spread.records**2 == pytest.approx(draws.mean(axis=0).var(ddof=1))
        assert spread.training == pytest.approx(np.std(ours, ddof=1))
        totals.append((spread.total**2, spread.estimate**2))
    assert np.mean(totals, axis=0) == pytest.approx((a + b + c, a + (b + c) / repeats), rel=0.06)


def test_a_single_repeat_says_nothing_of_training(caplog):
    row = compare({"one": made(0.7, seed=0), "other": made(1.0, seed=1)}, ["auroc"], n_resamples=50).iloc[0]
    assert row["repeats"] == 1
    assert row[["sd_training", "value_sd", "against_sd"]].isna().all()
    assert row["note"].startswith("one repeat: training's variance is unknown")
    assert "other beside one: one repeat: training's variance is unknown" in caplog.text
    assert row["detectable"] == pytest.approx(2.802 * row["sd_records"], rel=1e-3)


def test_each_models_own_spread_between_repeats():
    models = {"one": made(0.7, seed=0, repeats=3), "other": made(1.0, seed=1, repeats=4)}
    row = compare(models, ["auroc"], n_resamples=50).iloc[0]
    areas = {
        name: [roc_auc_score(rows["label"], rows["score"]) for _, rows in table.groupby("repeat")]
        for name, table in models.items()
    }
    assert row["value_sd"] == pytest.approx(np.std(areas["other"], ddof=1))
    assert row["against_sd"] == pytest.approx(np.std(areas["one"], ddof=1))
    paired = np.array(areas["other"][:3]) - areas["one"]
    assert (row["repeats"], row["sd_training"]) == (3, pytest.approx(np.std(paired, ddof=1)))
    assert row["note"] == ""
    assert row["high"] - row["low"] > 2 * 1.96 * row["sd_records"]


def test_a_draw_that_is_undefined_stays_so_and_leaves_the_others():
    draws = np.array([[0.1, np.nan, 0.3, 0.2], [0.2, np.nan, 0.5, 0.2]])
    spread = spread_of(np.array([0.2, 0.3]), draws)
    assert spread == spread_of(np.array([0.2, 0.3]), draws[:, [0, 2, 3]])
    np.testing.assert_array_equal(np.isnan(widened(0.25, draws.mean(axis=0), spread, seed=0)), [0, 1, 0, 0])
    assert np.isnan(spread_of(np.array([np.nan, 0.1]), draws)).all()


def test_several_models_are_compared_with_the_first():
    models = {"first": made(0.2, seed=0), "same": made(0.2, seed=1), "better": made(2.5, seed=2)}
    table = compare(models, ["auroc", "brier"], n_resamples=400)
    assert table["model"].tolist() == ["same", "better"] * 2
    assert set(table["against"]) == {"first"}
    for _, rows in table.groupby("metric"):
        np.testing.assert_allclose(rows["p_holm"], holm(rows["p"].tolist()))
    assert table["p"].iloc[1] == pytest.approx(2 / 401)
    assert table["p_holm"].iloc[1] == pytest.approx(4 / 401)


def test_a_constant_score_has_no_area_and_no_difference():
    one = made(0.7, seed=0)
    row = compare({"one": one, "constant": one.assign(score=1.0)}, ["auroc"], n_resamples=20).iloc[0]
    assert row[["value", "difference", "low", "high", "p", "p_holm"]].isna().all()


def test_numbers_of_repeats_may_differ():
    many = made(0.7, seed=0, repeats=3)
    row = compare({"one": many[many["repeat"] == 1], "many": many}, ["auroc"], n_resamples=20).iloc[0]
    assert row["value"] == pytest.approx(evaluate_predictions(many)["auroc"].value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t[t["name"] != "r004"], "'one' and 'other' cannot be compared: 1 records are predicted by the "),
        (lambda t: t.assign(label=1 - t["label"]), "90 records have another label, r000 the first; compare models of"),
        (lambda t: t.assign(repeat=t["repeat"] + 5), "no repeat in common ([0, 1] and [5, 6])"),
        (lambda t: t.assign(fold=t["fold"].where(t["name"] != "r007", 9)), "in repeat 0 1 of 90 records are in another "
         "fold, r007 in 2 and 9; use one split file for both"),
        (lambda t: pd.concat([t, t.iloc[:2]]), "other: 2 rows more than one a record and repeat"),
        (lambda t: t[(t["name"] != "r002") | (t["repeat"] == 0)], "1 of 90 records are missing from repeat 1, r002"),
        (lambda t: t.assign(label=t["label"].where(t["name"] != "r001", t["repeat"])), "1 records have another label"),
        (lambda t: t.drop(columns="fold"), "other: no column 'fold'; out-of-fold predictions have name, repeat, fold"),
        (lambda t: t.iloc[:0], "other: no row"),
    ],
)  # fmt: skip
def test_what_cannot_be_paired_is_refused(change, message):
    one = made(0.7, seed=0, repeats=2)
    with pytest.raises(SplitError, match=re.escape(message)):
        compare({"one": one, "other": change(one)})


def test_mistakes_are_refused():
    one = made(0.7, seed=0)
    with pytest.raises(FHRError, match="1 model to compare; give two or more"):
        compare({"one": one})
    with pytest.raises(FHRError, match="metric 'accuracy' is not compared; choose from auroc, auprc"):
        compare({"one": one, "other": one}, ["accuracy"])
    with pytest.raises(FHRError, match="scores are NaN or infinite"):
        compare({"one": one, "other": one.assign(score=np.nan)}, ["auroc"])
    with pytest.raises(OutcomeError, match="1 of 90 labels are NaN; drop the records whose outcome is unknown"):
        compare({"one": one, "other": one.assign(label=one["label"].where(one["name"] != "r004"))})
