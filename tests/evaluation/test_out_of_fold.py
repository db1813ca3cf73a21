"""What is said of each record, and the tables of the conformal sets made from it."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from fhr.calibration.averaging import averaging
from fhr.datasets import FittedModel
from fhr.errors import SplitError
from fhr.evaluation import conformal_table, cross_fit, out_of_fold, raw_scores, singleton_gain
from fhr.metrics import exact_interval


def fold(strength: float = 1.5, *, number: int = 0, inner: int = 4, members: int = 1, size: int = 30, test: int = 40):
    """Raw scores of one outer fold and labels; networks agree on a record but for some noise."""
    generator = np.random.default_rng([number, inner, members])
    rows, labels = [], {}

    def some(prefix: str, n: int) -> pd.Series:
        names = [f"{prefix}{i:03d}" for i in range(n)]
        label = (np.arange(n) % 3 == 0).astype(int)
        labels.update(zip(names, label.tolist(), strict=True))
        return pd.Series(strength * label + generator.normal(size=n), index=names)

    tested = some(f"t{number}-", test)
    for k in range(inner):
        held_out = some(f"h{number}-{k}-", size)
        for m in range(members):
            noise = [0.3 * generator.normal(size=n) for n in (size, test)]
            scores = FittedModel(held_out + noise[0], tested + noise[1])
            rows.append(raw_scores(scores, repeat=0, fold=number, inner=k, member=m))
    return pd.concat(rows), pd.Series(labels)


def test_it_says_what_cross_fitting_says_and_more():
    raw, labels = fold()
    table, fitted = out_of_fold(raw, labels), cross_fit(raw, labels)
    assert table["name"].tolist() == fitted.score.index.tolist()
    assert table["score"].tolist() == fitted.score.tolist()
    assert table["probability"].to_numpy() == pytest.approx(fitted.probability.to_numpy(), rel=1e-3)
    assert table["label"].tolist() == labels[table["name"]].tolist()
    p = fitted.calibrator.predict(fitted.test.to_numpy())
    assert table["spread"].to_numpy() == pytest.approx(p.std(axis=1, ddof=1), rel=1e-2)
    assert (table["low"] < table["probability"]).all()
    assert (table["probability"] < table["high"]).all()
    assert table["p_positive"].corr(table["score"], method="spearman") > 0.95
    assert table["p_negative"].corr(table["score"], method="spearman") < -0.95


def test_decision_and_flips_by_hand():
    raw, labels = fold(members=2)
    table, fitted = out_of_fold(raw, labels), cross_fit(raw, labels)
    score = fitted.held_out.groupby("name")["score"].mean()
    known, y = score.to_numpy(), labels[score.index].to_numpy()
    average = averaging(known, np.ones(len(y)), y, fitted.between, 4)
    means = score.groupby(y).transform("mean").to_numpy()
    p = fitted.calibrator.predict(average.stretched(means + (known - means) / np.sqrt(average.stretch)))
    threshold = min(t for t in p if (p[y == 0] < t).mean() >= 0.9)
    assert table["at_risk"].tolist() == (table["probability"] >= threshold).tolist()
    # Two members an inner fold: a half has one of each of the four, 16 ways.
    each = fitted.calibrator.predict(fitted.test.to_numpy()).reshape(-1, 4, 2)
    halves = [each[:, range(4), list(members)].mean(axis=1) for members in product(range(2), repeat=4)]
    averages = table["probability"].to_numpy() + np.array(halves) - each.mean(axis=(1, 2))
    share = (averages >= threshold).mean(axis=0)
    assert table["flip_rate"].to_numpy() == pytest.approx(2 * share * (1 - share), abs=0.06)
    assert (table["flip_rate"] > 0.1).any()


def test_one_network_has_no_spread():
    table = out_of_fold(*fold(inner=1, size=60))
    assert table[["spread", "flip_rate"]].isna().all(axis=None)
    assert table[["p_negative", "p_positive"]].notna().all(axis=None)


def test_a_record_without_a_label_is_refused():
    raw, labels = fold()
    with pytest.raises(SplitError, match=r"1 predicted records have no known label: \['t0-004'\]"):
        out_of_fold(raw, labels.drop("t0-004"))


def pooled(strength: float) -> pd.DataFrame:
    return pd.concat([out_of_fold(*fold(strength, number=k)) for k in range(5)])


def test_coverage_and_shares_by_hand():
    table = pooled(1.5)
    rows = conformal_table(table).set_index("level")
    for level, row in rows.iterrows():
        holds = {c: table[f"p_{c}"] > 1 - level + 1e-9 for c in ("negative", "positive")}
        for label, c in ((0, "negative"), (1, "positive")):
            mine = table["label"] == label
            expected = exact_interval(int(holds[c][mine].sum()), int(mine.sum()))
            found = row[[f"coverage_{c}s", f"{c}s_low", f"{c}s_high"]].to_numpy(dtype=float)
            assert found == pytest.approx(list(expected))
        own = holds["positive"].where(table["label"] == 1, holds["negative"])
        other = holds["negative"].where(table["label"] == 1, holds["positive"])
        assert row["correct_singleton"] == pytest.approx((own & ~other).mean())
        assert row[["correct_singleton", "wrong_singleton", "empty", "both"]].sum() == pytest.approx(1)
    assert rows["coverage_positives"].is_monotonic_increasing
    assert rows.loc[0.9, "coverage_negatives"] > 0.8  # 1 - 2 alpha; the bands and the proof are the calibrators' tests


def test_the_better_model_has_more_singletons():
    weak, strong = pooled(0.3), pooled(2.5)
    gain = singleton_gain(strong, weak)
    assert gain.low > 0
    assert gain.value == pytest.approx(
        conformal_table(strong, levels=(0.9,))["correct_singleton"][0]
        - conformal_table(weak, levels=(0.9,))["correct_singleton"][0]
    )
    assert singleton_gain(weak, weak) == (0, 0, 0)
    back = singleton_gain(weak, strong)
    assert (back.value, back.low, back.high) == pytest.approx((-gain.value, -gain.high, -gain.low))


def test_missing_and_double_records_are_refused():
    table = pooled(1.0)
    with pytest.raises(SplitError, match="predicted twice in one repeat"):
        conformal_table(pd.concat([table, table.iloc[:1]]))
    with pytest.raises(SplitError, match="missing from a repeat"):
        conformal_table(pd.concat([table, table.iloc[1:].assign(repeat=1)]))
    with pytest.raises(SplitError, match="predicted other records"):
        singleton_gain(table, table.iloc[1:])
