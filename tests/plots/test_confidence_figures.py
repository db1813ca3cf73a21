from io import BytesIO
from itertools import combinations
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from scipy.stats import spearmanr
from sklearn import metrics

from fhr.errors import FHRError, OutcomeError
from fhr.plots import (
    compare_curves,
    confidence_card,
    ctg,
    net_benefit,
    precision_recall,
    reliability,
    risk_coverage,
    roc_curve,
    spread_against_error,
    timeline,
)
from fhr.plots.palette import ORANGE, line_styles
from fhr.plots.resampled_records import above_thresholds, resampled_records
from fhr.plots.spread_and_error import _rank_correlations


@pytest.fixture(scope="module")
def data():
    """200 records, 5 repeats of a score with ties."""
    generator = np.random.default_rng(0)
    z = generator.normal(-1.5, 1, 200)
    y = (generator.random(200) < 1 / (1 + np.exp(-z))).astype(int)
    return y, np.round(z + generator.normal(0, 0.7, (5, 200)), 1)


def drawn(figure):
    assert isinstance(figure, Figure)
    assert plt.get_fignums() == []
    figure.savefig(BytesIO(), format="png", dpi=40)
    return figure.axes


def called(axes, start):
    return next(line for line in axes.lines if line.get_label().startswith(start))


def step_area(line):
    assert line.get_drawstyle() == "steps-pre"
    x, y = line.get_data()
    return np.sum(np.diff(x) * y[1:])


def test_counts_above_thresholds_are_those_of_weighted_records(data):
    y, s = data
    counts = resampled_records(y, 20, seed=3)
    positive, negative = above_thresholds(y, s[0], counts)
    for tp, fp, weight in zip(positive, negative, counts, strict=True):
        assert metrics.auc(fp / fp[-1], tp / tp[-1]) == pytest.approx(
            metrics.roc_auc_score(y, s[0], sample_weight=weight)
        )
    assert (counts.sum(axis=1) == len(y)).all()


def test_resamples_of_one_class_are_dropped():
    counts = resampled_records(np.array([0, 0, 0, 1]), 200, seed=0)
    assert 0 < len(counts) < 200
    assert (counts[:, 3] > 0).all()
    assert resampled_records(np.array([0, 1]), 0, seed=0).shape == (0, 2)


def test_roc_of_repeats_is_the_mean_curve(data):
    y, s = data
    (axes,) = drawn(roc_curve(y, s, n_resamples=20))
    mean = called(axes, "AUROC")
    area = np.mean([metrics.roc_auc_score(y, repeat) for repeat in s])
    assert mean.get_label().startswith(f"AUROC {area:.3f} (")
    assert mean.get_label().endswith(", 5 repeats")
    fpr, tpr = mean.get_data()
    curves = [metrics.roc_curve(y, repeat)[:2] for repeat in s]
    np.testing.assert_allclose(tpr[1:], np.mean([np.interp(fpr[1:], *curve) for curve in curves], axis=0))
    assert len(axes.lines) == 2 + len(s)


def test_a_single_repeat_is_no_repeat(data):
    y, s = data
    for figure in (roc_curve, precision_recall):
        one, alone = (drawn(figure(y, scores, n_resamples=10))[0] for scores in (s[:1], s[0]))
        assert [line.get_label() for line in one.lines] == [line.get_label() for line in alone.lines]
        for a, b in zip(one.lines, alone.lines, strict=True):
            np.testing.assert_array_equal(a.get_xydata(), b.get_xydata())


@pytest.mark.parametrize("figure", [roc_curve, precision_recall])
def test_the_band_does_not_shrink_with_repeats_of_the_same(data, figure):
    y, s = data
    bands = [
        drawn(figure(y, scores, n_resamples=30))[0].collections[0].get_paths()[0].vertices
        for scores in (s[0], np.tile(s[0], (4, 1)))
    ]
    np.testing.assert_allclose(*bands, atol=1e-12)


def test_precision_recall_has_its_area_and_prevalence(data):
    y, s = data
    (axes,) = drawn(precision_recall(y, s[0], n_resamples=50))
    curve = called(axes, "AUPRC")
    area = metrics.average_precision_score(y, s[0])
    assert step_area(curve) == pytest.approx(area)
    assert f"AUPRC {area:.3f} (" in curve.get_label()
    assert called(axes, "no skill").get_ydata() == pytest.approx([y.mean()] * 2)
    precision, recall, _ = metrics.precision_recall_curve(y, s[0])
    x, p = curve.get_data()
    for r, value in zip(x[1:], p[1:], strict=True):  # of the thresholds that reach this recall, the highest
        assert value == pytest.approx(precision[recall >= r - 1e-9][-1])


def test_precision_recall_of_repeats_has_their_mean_area(data):
    y, s = data
    (axes,) = drawn(precision_recall(y, s, n_resamples=0))
    area = np.mean([metrics.average_precision_score(y, repeat) for repeat in s])
    assert step_area(called(axes, "AUPRC")) == pytest.approx(area)
    assert called(axes, "AUPRC").get_label() == f"AUPRC {area:.3f}, 5 repeats"


def test_the_interval_of_the_area_is_that_of_the_resamples(data):
    y, s = data
    (axes,) = drawn(precision_recall(y, s[0], n_resamples=40, confidence=0.8, seed=5))
    areas = [metrics.average_precision_score(y, s[0], sample_weight=w) for w in resampled_records(y, 40, seed=5)]
    assert "({:.3f} to {:.3f})".format(*np.percentile(areas, [10, 90])) in called(axes, "AUPRC").get_label()


def test_precision_of_a_constant_score_is_the_prevalence(data):
    y, _ = data
    (axes,) = drawn(precision_recall(y, np.zeros(len(y)), n_resamples=5))
    np.testing.assert_allclose(called(axes, "AUPRC").get_ydata(), y.mean())


@pytest.mark.parametrize("figure", [roc_curve, precision_recall, reliability])
def test_errors_of_repeats(figure):
    with pytest.raises(OutcomeError, match="3 labels hold one class only; give records of both classes"):
        figure([1, 1, 1], [[0.1, 0.2, 0.3]] * 2)
    with pytest.raises(FHRError, match=r"shape \(2,\) beside 3 labels"):
        figure([0, 1, 1], [[0.1, 0.2]] * 2)
    with pytest.raises(FHRError, match=r"of no repeat; give \(n,\) or \(n_repeats, n\)"):
        figure([0, 1, 1], np.zeros((0, 3)))
    with pytest.raises(FHRError, match="one finite value for each record"):
        figure([0, 1, 1], np.zeros((2, 2, 3)))


def test_errors_of_precision_recall():
    with pytest.raises(FHRError, match=r"confidence=95 is not in \(0, 1\)"):
        precision_recall([0, 1], [0, 1], confidence=95)
    with pytest.raises(FHRError, match="one finite value"):
        precision_recall([0, 1, 1], [0.1, np.inf, 0.2])


def test_reliability_of_equal_repeats_is_that_of_one():
    generator = np.random.default_rng(2)
    p = generator.beta(2, 8, 300)
    y = generator.random(300) < p
    (one, _), (four, below) = (
        drawn(reliability(y, values, bins=5, n_simulations=60)) for values in (p, np.tile(p, (4, 1)))
    )
    for a, b in ((one, four),):
        np.testing.assert_allclose(called(a, "observed").get_xydata(), called(b, "observed").get_xydata())
        bars = [np.array(axes.collections[0].get_segments()) for axes in (a, b)]
        np.testing.assert_allclose(*bars)
    assert four.get_title().endswith("of 300, 4 repeats")
    assert sum(bar.get_height() for bar in below.patches) == pytest.approx(300)


def test_the_band_of_reliability_joins_its_bars(data):
    y, s = data
    axes, _ = drawn(reliability(y, 1 / (1 + np.exp(-s[0])), bins=4, n_simulations=50))
    bars, band = axes.collections
    edge = {tuple(np.round(vertex, 9)) for vertex in band.get_paths()[0].vertices}
    for segment in bars.get_segments():
        assert {tuple(np.round(end, 9)) for end in segment} <= edge


def rejection(error, confidence):
    order = np.argsort(-confidence)
    n = np.arange(1, len(error) + 1)
    return n / len(error), np.cumsum(error[order]) / n


def test_risk_coverage_draws_the_curve_between_its_references():
    generator = np.random.default_rng(1)
    error = (generator.random(400) < 0.25).astype(float)
    curves = {"perfect": rejection(error, -error), "guess": rejection(error, generator.random(400))}
    (axes,) = drawn(risk_coverage(curves, notes={"guess": "AURC 0.25"}))
    for label, name in (("perfect", "perfect"), ("guess: AURC 0.25", "guess")):
        np.testing.assert_array_equal(called(axes, label).get_xydata(), np.column_stack(curves[name]))
    bound = next(line for line in axes.lines if line.get_gid() == "bound")
    c, r = bound.get_data()
    exact = np.isin(np.round(c * 400, 9), np.arange(1, 401))
    np.testing.assert_allclose(r[exact], np.interp(c[exact], *curves["perfect"]), atol=1e-12)
    assert exact.sum() == 200
    random = next(line for line in axes.lines if line.get_gid() == "random")
    assert random.get_ydata() == pytest.approx([error.mean()] * 2)


def test_no_confidence_is_below_the_bound():
    generator = np.random.default_rng(4)
    error = generator.random(200) ** 3  # errors between 0 and 1, as of Brier's
    curve = rejection(error, -error)
    (axes,) = drawn(risk_coverage({"best": curve}))
    c, r = next(line for line in axes.lines if line.get_gid() == "bound").get_data()
    assert (np.interp(c, *curve) >= r - 1e-12).all()


def test_risk_coverage_without_any_error():
    (axes,) = drawn(risk_coverage({"right": ([0.5, 1.0], [0.0, 0.0])}))
    assert axes.get_ylim()[1] > 0


def test_errors_of_risk_coverage():
    good = ([0.5, 1.0], [0.1, 0.2])
    with pytest.raises(FHRError, match="0 curves in one figure; give 1 to 6"):
        risk_coverage({})
    with pytest.raises(FHRError, match="7 curves in one figure"):
        risk_coverage({str(i): good for i in range(7)})
    with pytest.raises(FHRError, match=r"something is said of b; there are only a"):
        risk_coverage({"a": good}, notes={"b": "AURC 0.1"})
    with pytest.raises(FHRError, match=r"a: coverage of shape \(2,\) and risk of shape \(3,\)"):
        risk_coverage({"a": ([0.5, 1.0], [0.1, 0.2, 0.3])})
    for coverage in ([0.0, 1.0], [0.5, 0.9], [1.0, 0.5], [np.nan, 1.0]):
        with pytest.raises(FHRError, match="a: coverage does not rise"):
            risk_coverage({"a": (coverage, [0.1, 0.2])})
    for risk in ([0.1, 1.2], [np.nan, 0.1]):
        with pytest.raises(FHRError, match=r"a: risk is not in \[0, 1\]"):
            risk_coverage({"a": ([0.5, 1.0], risk)})


def benefit(y, called_positive, t):
    return np.mean(called_positive & (y == 1)) - np.mean(called_positive & (y == 0)) * t / (1 - t)


def test_net_benefit_draws_the_models_beside_both_references(data):
    y, s = data
    p = 1 / (1 + np.exp(-s[0]))
    t = np.linspace(0.02, 0.3, 29)
    model = np.array([benefit(y, p >= level, level) for level in t])
    everyone = np.array([benefit(y, np.ones(len(y), dtype=bool), level) for level in t])
    (axes,) = drawn(net_benefit(t, {"model": model}, everyone, bands={"model": (model - 0.01, model + 0.01)}))
    np.testing.assert_array_equal(called(axes, "model").get_ydata(), model)
    np.testing.assert_array_equal(called(axes, "act on everyone").get_ydata(), everyone)
    assert called(axes, "act on no one").get_ydata() == pytest.approx([0, 0])
    low, high = axes.get_ylim()
    assert low < 0 < model.max() + 0.01 < high  # what is of interest is on the page, the fall of treat-all is cut
    assert axes.get_xlim() == pytest.approx((0.02, 0.3))
    band = axes.collections[0].get_paths()[0].vertices
    assert band[:, 1].max() == pytest.approx(model.max() + 0.01)


def test_errors_of_net_benefit():
    for thresholds in ([0.0, 0.1], [0.2, 0.1], [0.1, 1.0], [], [[0.1, 0.2]]):
        with pytest.raises(FHRError, match=r"do not rise inside \(0, 1\)"):
            net_benefit(thresholds, {"a": [0.1, 0.1]}, [0.1, 0.1])
    with pytest.raises(FHRError, match=r"a has shape \(1,\) beside 2 thresholds"):
        net_benefit([0.1, 0.2], {"a": [0.1]}, [0.1, 0.0])
    with pytest.raises(FHRError, match="treat_all has shape"):
        net_benefit([0.1, 0.2], {"a": [0.1, 0.1]}, [0.1, np.nan])
    with pytest.raises(FHRError, match="0 curves"):
        net_benefit([0.1, 0.2], {}, [0.1, 0.0])
    with pytest.raises(FHRError, match="something is said of b"):
        net_benefit([0.1, 0.2], {"a": [0.1, 0.1]}, [0.1, 0.0], bands={"b": ([0, 0], [1, 1])})


@pytest.fixture(scope="module")
def retrained():
    """Calibrated probabilities whose spread follows p (1 - p) and knows no more."""
    generator = np.random.default_rng(6)
    p = generator.beta(1, 5, 3000)
    return (generator.random(3000) < p).astype(int), p, p * (1 - p) * generator.uniform(0.5, 0.6, 3000)


def test_spread_against_error_has_the_means_of_its_bins(retrained):
    y, p, spread = retrained
    (axes,) = drawn(spread_against_error(y, p, spread, bins=5, n_resamples=50))
    bins = np.array_split(np.argsort(spread), 5)
    (container,) = axes.containers
    points, _, (bars,) = container
    np.testing.assert_allclose(points.get_xdata(), [spread[b].mean() for b in bins])
    np.testing.assert_allclose(points.get_ydata(), [np.abs(y - p)[b].mean() for b in bins])
    expected = called(axes, "expected").get_ydata()
    np.testing.assert_allclose(expected, [(2 * p * (1 - p))[b].mean() for b in bins])
    for mean, segment in zip(expected, bars.get_segments(), strict=True):  # calibrated: no news from the spread
        assert segment[0, 1] - 0.02 <= mean <= segment[1, 1] + 0.02
    assert f"the error: {spearmanr(spread, np.abs(y - p)).statistic:.2f} (" in axes.get_title()
    assert f"2 p (1 - p): {spearmanr(spread, 2 * p * (1 - p)).statistic:.2f} (" in axes.get_title()
    assert [len(c.get_offsets()) for c in axes.collections[:2]] == [np.sum(y == 0), np.sum(y == 1)]


def test_equal_spreads_stay_together():
    spread = np.array([0, 0, 0, 0, 0, 0, 0.1, 0.1, 0.3, 0.3])
    y = np.array([0, 1] * 5)
    (axes,) = drawn(spread_against_error(y, np.full(10, 0.2), spread, bins=10, n_resamples=5))
    np.testing.assert_allclose(axes.containers[0][0].get_xdata(), [0, 0.1, 0.3], atol=1e-12)
    assert "2 p (1 - p): undefined, one of the two is constant" in axes.get_title()


def test_a_spread_of_one_network_says_nothing(retrained):
    y, p, _ = retrained
    (axes,) = drawn(spread_against_error(y, p, np.zeros(len(y)), n_resamples=5))
    assert axes.containers[0][0].get_xydata() == pytest.approx(np.array([[0, np.abs(y - p).mean()]]))
    assert axes.get_title().count("undefined, one of the two is constant") == 2


def test_rank_correlations_of_many_rows_are_those_of_scipy_one_by_one(data):
    _, scores = data  # with ties
    a, b = scores[:3], scores[2:]
    assert _rank_correlations(a, b) == pytest.approx([spearmanr(*rows).statistic for rows in zip(a, b, strict=True)])


def test_errors_of_spread_against_error(retrained):
    y, p, spread = (values[:20] for values in retrained)
    with pytest.raises(OutcomeError, match="one class only"):
        spread_against_error(np.zeros(20), p, spread)
    with pytest.raises(FHRError, match=r"spread of shape \(19,\) beside 20 labels"):
        spread_against_error(y, p, spread[1:])
    with pytest.raises(FHRError, match=r"give probabilities in \[0, 1\] and standard deviations"):
        spread_against_error(y, p, -spread)
    with pytest.raises(FHRError, match="bins=0, n_resamples=500; give at least 1"):
        spread_against_error(y, p, spread, bins=0)


def test_compare_curves_has_every_area_and_note(data):
    y, s = data
    figure = compare_curves(y, {"network": s, "loss": s[0]}, notes={"network": "+0.02 (0.00 to 0.04) over loss"})
    (axes,) = drawn(figure)
    areas = [metrics.roc_auc_score(y, repeat) for repeat in s]
    assert called(axes, "network").get_label() == f"network: AUROC {np.mean(areas):.3f}, +0.02 (0.00 to 0.04) over loss"
    loss = called(axes, "loss")
    assert loss.get_label() == f"loss: AUROC {areas[0]:.3f}"
    assert np.trapezoid(loss.get_ydata(), loss.get_xdata()) == pytest.approx(areas[0])
    assert len({line.get_color() for line in axes.lines}) == 3


def test_errors_of_compare_curves(data):
    y, s = data
    with pytest.raises(FHRError, match="scores of b of shape"):
        compare_curves(y, {"a": s, "b": s[0, 1:]})
    with pytest.raises(OutcomeError, match="one class only"):
        compare_curves(np.ones(200), {"a": s})
    with pytest.raises(FHRError, match="0 curves in one figure"):
        compare_curves(y, {})
    with pytest.raises(FHRError, match="something is said of c; there are only a"):
        compare_curves(y, {"a": s}, notes={"c": ""})


def test_lines_differ_in_colour_and_in_dashes():
    styles = line_styles(dict.fromkeys("abcdef"))
    assert len({style["color"] for style in styles}) == len({style["dashes"] for style in styles}) == 6


def prediction(**fields):
    usual = {
        "name": "labour",
        "target": "ph<7.05",
        "probability": 0.14,
        "score": -1.81,
        "loss": 0.12,
        "low": 0.08,
        "high": 0.24,
        "prevalence": 0.09,
        "spread": 0.031,
        "flip_rate": 0.18,
        "decision": True,
        "sets": {0.8: ("ph<7.05",), 0.9: ("not ph<7.05", "ph<7.05"), 0.95: None, 0.5: ()},
        "warnings": ("12% of the window is missing",),
        "abstain": False,
        "reasons": (),
        "looked": (),
    }
    return SimpleNamespace(**usual | fields)


def said(figure):
    return [text.get_text() for text in figure.texts]


def panel(figure, label):
    return next(axes for axes in figure.axes if axes.get_label() == label)


def test_the_card_says_what_the_prediction_holds(labour):
    figure = confidence_card(labour, prediction(), networks=[0.1, 0.15, 0.17])
    drawn(figure)
    lines = said(figure)
    assert "Risk of umbilical pH below 7.05 (ph<7.05): 14%" in lines
    assert "bar: 95% interval of the calibration, 8.0% to 24%" in lines
    assert "ticks: 3 networks; retrainings differ by 3.1 points (SD)" in lines
    assert "two averages of as many would disagree: 18%" in lines
    assert "dotted: prevalence, 9.0%" in lines
    assert "80%: ph<7.05" in lines
    assert "90%: both: the score does not tell" in lines
    assert "95%: too few records to say" in lines
    assert any(line.startswith("50%: neither: unlike the births") for line in lines)
    assert "Above the decision threshold" in lines
    assert "• 12% of the window is missing" in lines
    assert "Research software, not a medical device." in lines
    assert not any("No answer" in line for line in lines)


@pytest.mark.parametrize("log_odds", [False, True])
def test_the_bar_of_the_card_stands_where_it_says(labour, log_odds):
    figure = confidence_card(labour, prediction(), networks=[0.1, 0.17], log_odds=log_odds)
    bar = panel(figure, "probability")
    by_name = {artist.get_gid(): artist for artist in (*bar.collections, *bar.lines)}
    reach = by_name["interval"].get_paths()[0].vertices[:, 0]
    assert (reach.min(), reach.max()) == pytest.approx((0.08, 0.24))
    assert [segment[0, 0] for segment in by_name["networks"].get_segments()] == pytest.approx([0.1, 0.17])
    assert by_name["prevalence"].get_xdata() == pytest.approx([0.09, 0.09])
    assert by_name["probability"].get_xdata() == pytest.approx([0.14])
    assert bar.get_xscale() == ("logit" if log_odds else "linear")
    drawn(figure)


def test_certainty_stays_on_the_log_odds_scale(labour):
    fields = {"probability": 0.0, "low": 0.0, "high": 1.0, "spread": 0.0004}
    figure = confidence_card(labour, prediction(**fields), networks=[0, 1], log_odds=True)
    drawn(figure)
    assert "Risk of umbilical pH below 7.05 (ph<7.05): 0%" in said(figure)
    assert "bar: 95% interval of the calibration, 0% to 100%" in said(figure)
    assert any("differ by <0.1 points" in line for line in said(figure))


def test_an_abstention_is_seen_and_explained(labour):
    given = prediction(
        abstain=True, reasons=("the set at 90% holds both",), warnings=("the set at 90% holds both", "short")
    )
    figure = confidence_card(labour, given)
    drawn(figure)
    banner = next(text for text in figure.texts if text.get_text() == "No answer: the model abstains")
    assert to_hex(banner.get_color()).upper() == ORANGE
    assert said(figure).count("• the set at 90% holds both") == 1
    assert "• short" in said(figure)
    diamond = next(line for line in panel(figure, "probability").lines if line.get_gid() == "probability")
    assert diamond.get_markerfacecolor() == "white"


def test_a_card_of_an_older_checkpoint(labour):
    absent = dict.fromkeys(
        ("probability", "low", "high", "spread", "flip_rate", "decision", "sets", "abstain", "prevalence")
    )
    figure = confidence_card(labour, prediction(**absent, warnings=()))
    drawn(figure)
    assert "ph<7.05: no probability" in said(figure)
    assert "score -1.81; the model was not calibrated" in said(figure)
    assert any(line.startswith("not computed") for line in said(figure))
    assert any(line.startswith("No confidence was computed") for line in said(figure))
    assert "probability" not in [axes.get_label() for axes in figure.axes]


def test_the_strip_of_the_card_has_its_true_size_on_a_sheet(labour, labour_morphology):
    figure = confidence_card(labour, prediction(), morphology=labour_morphology)
    cm = 2.54 * np.array(figure.get_size_inches())
    assert cm == pytest.approx([29.7, 21.0])
    rate = panel(figure, "rate").get_position()
    assert rate.width * cm[0] == pytest.approx(27)
    assert rate.height * cm[1] == pytest.approx(8)
    whole = ctg(labour, labour_morphology, minutes=27)
    np.testing.assert_array_equal(panel(figure, "rate").lines[0].get_ydata(), panel(whole, "rate").lines[0].get_ydata())


MANY = tuple(f"a warning that is long enough to be broken into two lines on any sheet, number {i}" for i in range(7))
LONG = "the record is unlike those of the training: FHR baseline 62 bpm, of the training records 118 to 161 bpm"


@pytest.mark.parametrize(
    "fields",
    [
        {"warnings": MANY, "abstain": True, "reasons": (LONG, LONG + "!")},
        {"target": "ph<7.05 & bdecf>=12 & apgar5<7", "sets": dict.fromkeys((0.8, 0.9, 0.95), ("not " + LONG,))},
    ],
    ids=["many warnings", "a long target"],
)
def test_no_words_of_the_card_lie_on_others(labour, fields):
    figure = confidence_card(labour, prediction(**fields), networks=[0.1])
    assert (figure.get_figheight() > 21 / 2.54) == (len(prediction(**fields).warnings) > 1)  # room is made
    drawn(figure)
    boxes = [text.get_window_extent() for text in figure.texts] + [panel(figure, "probability").get_tightbbox()]
    assert not [pair for pair in combinations(boxes, 2) if pair[0].overlaps(pair[1])]
    assert all(box.x0 >= 0 and box.y0 >= 0 and box.x1 <= figure.bbox.x1 for box in boxes)


def test_the_card_shows_where_the_network_looked(labour):
    contributions = np.zeros((2, len(labour)))
    contributions[0, -2400:] = 0.2
    words = tuple(f"heart rate, {k + 1} to {k} min before the end: +0.2" for k in range(4))
    figure = confidence_card(labour, prediction(looked=words), contributions=contributions, minutes=60)
    drawn(figure)
    assert "Where the network looked" in said(figure)
    assert all(f"• {one}" in said(figure) for one in words)
    assert np.ptp(panel(figure, "looked at fhr").get_xlim()) == pytest.approx(60)
    boxes = [text.get_window_extent() for text in figure.texts] + [panel(figure, "probability").get_tightbbox()]
    assert not [pair for pair in combinations(boxes, 2) if pair[0].overlaps(pair[1])]
    plain = confidence_card(labour, prediction())
    assert "Where the network looked" not in said(plain)
    assert "looked at fhr" not in [axes.get_label() for axes in plain.axes]


def test_errors_of_the_card(labour):
    with pytest.raises(FHRError, match="the prediction is of other, the recording is labour"):
        confidence_card(labour, prediction(name="other"))
    for bad in ({"networks": [0.1, 1.2]}, {"networks": [[0.1]]}):
        with pytest.raises(FHRError, match=r"not all in \[0, 1\]"):
            confidence_card(labour, prediction(), **bad)
    with pytest.raises(FHRError, match=r"not all in \[0, 1\]"):
        confidence_card(labour, prediction(prevalence=np.nan))
    with pytest.raises(FHRError, match="no paper speed"):
        confidence_card(labour, prediction(), speed=4)


TIMES = np.array([-30.0, 0.0, -20.0, -10.0])  # in any order
RISKS = np.array([0.05, 0.4, np.nan, 0.2])


def test_the_timeline_shares_the_time_of_the_strip(labour):
    figure = timeline(labour, TIMES, RISKS, RISKS / 2, RISKS * 1.5, [1, 0, 0, 0], target="ph<7.05", prevalence=0.09)
    rate, activity, risk = drawn(figure)
    assert rate.get_xlim() == activity.get_xlim() == risk.get_xlim()
    np.testing.assert_array_equal(called(risk, "abstained").get_xydata(), [[-30, 0.05]])
    assert called(risk, "abstained").get_markerfacecolor() == "white"
    np.testing.assert_array_equal(called(risk, "told at the end").get_xydata(), [[0, 0.4]])
    assert called(risk, "told at the end").get_markerfacecolor() == ORANGE
    np.testing.assert_array_equal(called(risk, "told earlier").get_xydata(), [[-20, np.nan], [-10, 0.2]])
    bars = next(c for c in risk.collections if c.get_label() == "interval").get_segments()
    np.testing.assert_allclose(
        [bar[:, 1] for bar in bars if len(bar) and np.isfinite(bar).all()], [[0.025, 0.075], [0.2, 0.6], [0.1, 0.3]]
    )
    (line,) = (line for line in risk.lines if len(line.get_xdata()) == 4)
    assert list(line.get_xdata()) == [-30, -20, -10, 0]
    assert risk.get_ylabel() == "P(ph<7.05)"
    assert called(risk, "prevalence 9.0%").get_ydata() == pytest.approx([0.09, 0.09])
    assert called(risk, "second stage").get_xdata() == pytest.approx([-10, -10])
    assert any("trained on the end of labour" in text for text in said(figure))
    assert risk.get_ylim()[1] > 0.6


def test_the_window_of_the_last_point_is_shaded(labour):
    _, _, risk = drawn(timeline(labour, [0.0], [0.1], abstained=[True], window=20, minutes=45))
    (shade,) = risk.patches
    assert (shade.get_x(), shade.get_width()) == pytest.approx((-20, 20))
    assert risk.get_xlim()[0] == -45
    assert called(risk, "abstained at the end").get_markerfacecolor() == "white"
    assert risk.get_ylabel() == "probability"
    assert risk.get_ylim()[1] < 0.6


def test_errors_of_timeline(labour):
    with pytest.raises(FHRError, match=r"times of shape \(4,\), probabilities of shape \(3,\)"):
        timeline(labour, TIMES, RISKS[1:])
    with pytest.raises(FHRError, match="in labour, which lasts 90 min; give minutes to its end"):
        timeline(labour, [5.0], [0.1])
    with pytest.raises(FHRError, match="from -91 to 0 min"):
        timeline(labour, [0.0, -91], [0.1, 0.1])
    with pytest.raises(FHRError, match="give both low and high, or neither"):
        timeline(labour, TIMES, RISKS, RISKS)
    with pytest.raises(FHRError, match="abstained has shape"):
        timeline(labour, TIMES, RISKS, abstained=[True])
    with pytest.raises(FHRError, match=r"probabilities from 0.05 to 40; they must lie in \[0, 1\]"):
        timeline(labour, TIMES, np.array([0.05, 40, 0.1, 0.2]))
    with pytest.raises(FHRError, match="minutes=0, window=60; give positive lengths"):
        timeline(labour, TIMES, RISKS, minutes=0)
