from io import BytesIO

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure
from sklearn.calibration import calibration_curve
from sklearn.metrics import roc_auc_score

from fhr.errors import FHRError, OutcomeError
from fhr.plots import reliability, roc_curve, score_by_class, strips
from fhr.plots.reliability_diagram import _frequencies
from fhr.recording import Recording


@pytest.fixture(scope="module")
def data():
    generator = np.random.default_rng(0)
    p = generator.beta(1, 6, 300)
    return (generator.random(300) < p).astype(int), p


def drawn(figure):
    assert isinstance(figure, Figure)
    assert plt.get_fignums() == []
    figure.savefig(BytesIO(), format="png", dpi=40)
    return figure.axes


def test_roc_curve_has_its_area_and_lies_in_its_band(data):
    y, p = data
    (axes,) = drawn(roc_curve(y, p, n_resamples=50))
    curve = axes.lines[-1]
    area = roc_auc_score(y, p)
    assert np.trapezoid(curve.get_ydata(), curve.get_xdata()) == pytest.approx(area)
    assert f"AUROC {area:.3f} (" in curve.get_label()
    band = axes.collections[0].get_paths()[0].vertices
    for fpr in (0.1, 0.2, 0.5, 0.8):
        edges = band[np.isclose(band[:, 0], fpr), 1]
        assert edges.min() < np.interp(fpr, *curve.get_data()) < edges.max()


def test_roc_curve_needs_no_resamples(data):
    (axes,) = drawn(roc_curve(*data, n_resamples=0))
    assert not axes.collections


def test_reliability_points_are_the_bins(data):
    y, p = data
    axes, below = drawn(reliability(y, p, bins=5, n_simulations=50))
    points = next(line for line in axes.lines if line.get_label() == "observed")
    bins = np.array_split(np.argsort(p), 5)
    np.testing.assert_allclose(points.get_xdata(), [p[b].mean() for b in bins])
    np.testing.assert_allclose(points.get_ydata(), [y[b].mean() for b in bins])
    assert sum(bar.get_height() for bar in below.patches) == len(p)


def test_reliability_bars_hold_most_points_of_a_calibrated_model():
    generator = np.random.default_rng(1)
    p = generator.beta(2, 5, 2000)
    axes, _ = drawn(reliability(generator.random(2000) < p, p, n_simulations=200))
    observed = next(line for line in axes.lines if line.get_label() == "observed").get_ydata()
    bars = [segment[:, 1] for segment in axes.collections[0].get_segments()]
    assert sum(low <= o <= high for o, (low, high) in zip(observed, bars, strict=True)) >= 8


def test_draws_are_binned_as_scikit_learn_bins_one():
    generator = np.random.default_rng(5)
    for n, bins in ((60, 10), (200, 4), (30, 50)):
        p = generator.beta(1, 5, n).round(2)  # with ties
        drawn = generator.random((20, n)) < p
        each = [calibration_curve(y.astype(int), p, n_bins=bins, strategy="quantile", pos_label=1)[0] for y in drawn]
        np.testing.assert_allclose(_frequencies(drawn, p, bins), each, atol=1e-12)


def test_reliability_of_a_constant_probability(data):
    drawn(reliability(data[0], np.full(300, 0.1), n_simulations=5))


def test_score_by_class_draws_every_record(data):
    y, p = data
    (axes,) = drawn(score_by_class(y, p, names=("pH >= 7.05", "pH < 7.05"), score="risk"))
    assert [len(c.get_offsets()) for c in axes.collections] == [np.sum(y == 0), np.sum(y == 1)]
    assert axes.get_yticklabels()[1].get_text() == f"pH < 7.05\n(n = {y.sum()})"
    assert axes.get_xlabel() == "risk"


def strip(name, n, fs=4.0):
    fhr = np.full(n, 140.0)
    fhr[n // 2 :] = np.nan
    return Recording(name, fhr, np.zeros(n), fs)


def test_strips_count_minutes_back_from_the_end_and_break_at_gaps():
    axes = drawn(strips([strip("a", 4 * 60 * 90), strip("b", 60 * 20, fs=1.0)]))
    assert len(axes) == 4
    rate, activity, shorter, _ = axes
    time, fhr = rate.lines[0].get_data()
    assert (time[0], time[-1]) == pytest.approx((-60, -1 / 240))
    assert np.isnan(fhr[time >= -45]).all()
    assert shorter.lines[0].get_xdata()[0] == pytest.approx(-20)
    assert rate.get_ylim() == (50, 210)
    assert activity.get_ylim() == (0, 100)
    assert rate.get_title(loc="left") == "a · 75% signal loss"
    assert shorter.get_title(loc="left") == "b · 50% signal loss"


def test_strips_take_titles_and_an_empty_recording():
    axes = drawn(strips([strip("a", 0)], titles=["nothing"], minutes=10))
    assert axes[0].get_title(loc="left") == "nothing · 100% signal loss"


@pytest.mark.parametrize("figure", [roc_curve, reliability, score_by_class])
def test_errors_of_scores(figure):
    with pytest.raises(OutcomeError, match="3 labels hold one class only; give records of both classes"):
        figure([1, 1, 1], [0.1, 0.2, 0.3])
    with pytest.raises(OutcomeError, match="not all 0 or 1; give one 0 or 1 for each record"):
        figure([0, 1, 2], [0.1, 0.2, 0.3])
    with pytest.raises(FHRError, match="beside 3 labels; give one finite value for each record"):
        figure([0, 1, 1], [0.1, 0.2, np.nan])
    with pytest.raises(FHRError, match="beside 3 labels"):
        figure([0, 1, 1], [0.1, 0.2])


def test_errors_of_reliability(data):
    y, p = data
    with pytest.raises(FHRError, match=r"must lie in \[0, 1\]"):
        reliability(y, p + 1)
    with pytest.raises(FHRError, match="bins=0, n_simulations=500; give at least 1 of each"):
        reliability(y, p, bins=0)


def test_errors_of_roc_curve(data):
    with pytest.raises(FHRError, match=r"confidence=95 is not in \(0, 1\)"):
        roc_curve(*data, confidence=95)


def test_errors_of_strips():
    with pytest.raises(FHRError, match="no recording to draw; give at least one"):
        strips([])
    with pytest.raises(FHRError, match="1 titles for 2 recordings; give one for each"):
        strips([strip("a", 9), strip("b", 9)], titles=["a"])
    with pytest.raises(FHRError, match="minutes=0; give a positive length"):
        strips([strip("a", 9)], minutes=0)
