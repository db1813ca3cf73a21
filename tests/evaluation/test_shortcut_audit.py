import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from scipy.stats import norm, spearmanr
from sklearn.metrics import roc_auc_score

from fhr.errors import FHRError
from fhr.evaluation.shortcuts import (
    _centred_ranks,
    _correlation,
    _matched,
    _weighted_auroc,
    shortcut_audit,
    shortcut_audits,
)
from fhr.features import ORDER_STATISTICS, order_statistics


def predictions(labels: np.ndarray, *scores: np.ndarray) -> pd.DataFrame:
    names = [f"r{i:05d}" for i in range(len(labels))]
    return pd.concat(
        [
            pd.DataFrame(
                {"name": names, "repeat": r, "fold": 0, "label": labels.astype(int), "score": s, "probability": 0.5}
            )
            for r, s in enumerate(scores)
        ]
    )


def by_name(loss: np.ndarray) -> pd.Series:
    return pd.Series(loss, index=[f"r{i:05d}" for i in range(len(loss))]).sample(frac=1, random_state=0)


@pytest.fixture(scope="module")
def births() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels, log-odds of loss that are a standard deviation higher in the positives, and noise."""
    generator = np.random.default_rng(0)
    labels = np.arange(3000) % 6 == 0
    return labels, generator.normal(size=3000) + labels, generator.normal(size=3000)


def test_a_score_that_is_loss_keeps_nothing(births):
    labels, x, _ = births
    loss = expit(x)
    result = shortcut_audit(predictions(labels, x), by_name(loss), strata=50, n_resamples=50)
    assert result["auroc"].value == pytest.approx(norm.cdf(1 / np.sqrt(2)), abs=0.03)
    assert result["stratified_auroc"].value == pytest.approx(0.5, abs=0.03)
    assert result["matched_auroc"].value == pytest.approx(0.5, abs=0.02)
    assert result["loss_spearman"].value == pytest.approx(1)
    for name in ("", "stratified_", "matched_"):
        assert result[f"loss_{name}auroc"] == pytest.approx(result[f"{name}auroc"])


def test_in_strata_of_equal_loss_exactly_nothing(births):
    labels, x, _ = births
    loss = np.digitize(x, [-1, 0, 1, 2]) / 4
    result = shortcut_audit(predictions(labels, 3 * loss), by_name(loss), strata=400, n_resamples=20)
    assert result["auroc"].value > 0.7
    for name in ("stratified_auroc", "matched_auroc"):
        assert result[name] == (0.5, 0.5, 0.5)


def test_a_score_independent_of_loss_keeps_its_area(births):
    labels, x, z = births
    result = shortcut_audit(predictions(labels, z + 0.8 * labels), by_name(expit(x - labels)), n_resamples=50)
    for name in ("stratified_auroc", "matched_auroc"):
        assert result[name].value == pytest.approx(result["auroc"].value, abs=0.02)
    assert result["loss_spearman"].value == pytest.approx(0, abs=0.06)


def test_a_mixture_keeps_what_is_not_loss(births):
    """score = k logit(loss) + z, z unit normal, shifted by d: at equal loss the area is Phi(d / sqrt 2) for any k."""
    labels, x, z = births
    for k in (0.5, 2):
        score = k * x + z + 0.9 * labels
        result = shortcut_audit(predictions(labels, score), by_name(expit(x)), strata=100, n_resamples=50)
        for name in ("stratified_auroc", "matched_auroc"):
            assert result[name].value == pytest.approx(norm.cdf(0.9 / np.sqrt(2)), abs=0.025)
            assert result[name].low < norm.cdf(0.9 / np.sqrt(2)) < result[name].high
        together = norm.cdf((k + 0.9) / np.sqrt(2 * (k**2 + 1)))
        assert result["auroc"].value == pytest.approx(together, abs=0.025)


def test_brute_force():
    """Pair by pair; two repeats; losses that are equal, a positive without a match."""
    generator = np.random.default_rng(3)
    labels = np.arange(60) % 4 == 0
    loss = np.round(generator.beta(1, 4, size=60), 2)
    loss[4] = 5.0
    scores = np.round(generator.normal(size=(2, 60)), 1)
    result = shortcut_audit(predictions(labels, *scores), by_name(loss), strata=4, matches=3, n_resamples=5)
    stratum = np.searchsorted(np.quantile(loss, [0.25, 0.5, 0.75]), loss)
    stratified, matched, unmatched = [], [], set()
    for score in scores:
        pairs, sets = [], []
        for i in np.flatnonzero(labels):
            negatives = np.flatnonzero(~labels)
            won = (score[i] > score[negatives]) + 0.5 * (score[i] == score[negatives])
            pairs += won[stratum[negatives] == stratum[i]].tolist()
            distance = np.abs(loss[negatives] - loss[i])
            near = distance <= min(sorted(distance)[2], 0.05) + 1e-12
            if near.any():
                sets.append(won[near].mean())
            else:
                unmatched.add(i)
        stratified.append(np.mean(pairs))
        matched.append(np.mean(sets))
    assert 4 in unmatched
    assert result["stratified_auroc"].value == pytest.approx(np.mean(stratified))
    assert result["matched_auroc"].value == pytest.approx(np.mean(matched))
    assert result["matched_share"].value == pytest.approx(1 - len(unmatched) / 15)
    assert result["auroc"].value == pytest.approx(np.mean([roc_auc_score(labels, score) for score in scores]))
    assert result["loss_auroc"].value == pytest.approx(roc_auc_score(labels, loss))
    assert result["loss_spearman"].value == pytest.approx(np.mean([spearmanr(score, loss)[0] for score in scores]))


def test_a_resample_counts_a_record_as_often_as_it_was_drawn():
    generator = np.random.default_rng(4)
    labels, scores = generator.random(40) < 0.4, np.round(generator.normal(size=40), 1)
    loss = np.round(generator.random(40), 1)
    drawn = generator.integers(40, size=(3, 40))
    counts = np.array([np.bincount(rows, minlength=40) for rows in drawn])
    weights = generator.random((labels.sum(), (~labels).sum()))
    areas = _weighted_auroc(labels.astype(int), scores[None], counts, weights)
    place = np.where(labels, np.cumsum(labels) - 1, np.cumsum(~labels) - 1)
    correlations = _correlation(_centred_ranks(scores, counts), _centred_ranks(loss, counts), counts)
    for rows, area, rho in zip(drawn, areas, correlations, strict=True):
        positive, negative = rows[labels[rows]], rows[~labels[rows]]
        pairs = weights[place[positive][:, None], place[negative]]
        won = (scores[positive][:, None] > scores[negative]) + 0.5 * (scores[positive][:, None] == scores[negative])
        assert area == pytest.approx(np.sum(pairs * won) / np.sum(pairs))
        assert rho == pytest.approx(spearmanr(scores[rows], loss[rows])[0])


def test_matches_that_are_equally_far_share_the_weight():
    weights = _matched(np.array([0.2, 0.1, 0.3, 0.3, 0.9]), np.array([1, 0, 0, 0, 0], dtype=bool), 1, 0.15)
    np.testing.assert_allclose(weights, [[1 / 3, 1 / 3, 1 / 3, 0]])


@pytest.mark.parametrize("label", [0, 1])
def test_one_class_and_a_constant_score_have_no_value(label):
    labels, scores = np.full(12, label), np.arange(12.0)
    for result in (
        shortcut_audit(predictions(labels, scores), by_name(scores / 12), n_resamples=5),
        shortcut_audit(predictions(np.arange(12) % 2, scores * 0), by_name(scores / 12), n_resamples=5),
    ):
        for name in ("auroc", "stratified_auroc", "matched_auroc"):
            assert np.isnan(result[name]).all()


def test_nothing_to_match_is_said(caplog):
    labels = np.arange(12) % 2
    result = shortcut_audit(predictions(labels, np.arange(12.0)), by_name(1.0 * labels), n_resamples=5)
    assert np.isnan(result["matched_auroc"].value)
    assert result["matched_share"].value == 0
    assert "no positive has a negative within 0.05 of its signal loss" in caplog.text


def test_mistakes_are_refused():
    labels = np.arange(12) % 2
    table, loss = predictions(labels, np.arange(12.0)), by_name(np.arange(12) / 12)
    with pytest.raises(FHRError, match=r"1 of 12 records have no signal loss \['r00003'\]; give `loss_60`"):
        shortcut_audit(table, loss.drop("r00003"))
    with pytest.raises(FHRError, match="record r00003 has two signal losses"):
        shortcut_audit(table, pd.concat([loss, loss[["r00003"]]]))
    with pytest.raises(FHRError, match=r"strata=0, matches=5, caliper=0.05; give at least 1, 1 and 0"):
        shortcut_audit(table, loss, strata=0)


def test_real_signal_loss(ctu_uhb_database):
    """Loss alone ranks pH < 7.05; a score that is loss is hardly better than chance at equal loss."""
    column = ORDER_STATISTICS.index("loss_60")
    loss = pd.Series({r.name: order_statistics(r.fhr, fs=r.fs)[column] for r in ctu_uhb_database})
    table = pd.DataFrame({"label": ctu_uhb_database.labels("ph<7.05"), "score": loss}).rename_axis("name")
    result = shortcut_audit(table.reset_index().assign(repeat=0, fold=0, probability=0.5), loss, n_resamples=200)
    assert result["auroc"].value == pytest.approx(0.717, abs=0.001)
    assert result["stratified_auroc"].value == pytest.approx(0.5, abs=0.06)
    assert result["matched_auroc"].value == pytest.approx(0.5, abs=0.06)
    assert result["matched_share"].value > 0.9


def test_audits_by_two_losses_at_once_are_those_of_each():
    generator = np.random.default_rng(3)
    labels, (loss, other) = generator.random(60) < 0.3, generator.random((2, 60))
    table = predictions(labels, generator.normal(size=60), generator.normal(size=60))
    losses = [pd.Series(values, index=[f"r{i:05d}" for i in range(60)]) for values in (loss, other)]
    together = shortcut_audits(table, losses, n_resamples=20, seed=4)
    assert together == [shortcut_audit(table, one, n_resamples=20, seed=4) for one in losses]
