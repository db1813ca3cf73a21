from dataclasses import replace
from io import BytesIO

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from fhr.errors import FHRError
from fhr.multiscale import analyze
from fhr.plots import logscale_diagram, singularity_spectrum
from fhr.processes import fbm, mrw

FIGURES = [logscale_diagram, singularity_spectrum]
N = 2400  # 10 min
MONOFRACTAL, MULTIFRACTAL, CONSTANT, FEW, ROUGH = range(5)


@pytest.fixture(scope="module")
def signals():
    x = np.stack(
        [
            fbm(N, 0.7, seed=1),
            mrw(N, c2=-0.08, hurst=0.75, seed=2),
            np.full(N, 140.0),
            fbm(N, 0.7, seed=3),
            np.random.default_rng(0).normal(size=N),
        ]
    )
    x[MONOFRACTAL, 500:800] = np.nan
    x[FEW, 300:] = np.nan
    return x


@pytest.fixture(scope="module")
def result(signals):
    return analyze(signals, j2=6, q=[2, -1, 0, 1, -2], n_bootstrap=60)


def drawn(figure):
    assert isinstance(figure, Figure)
    assert plt.get_fignums() == []
    figure.savefig(BytesIO(), format="png", dpi=40)
    return figure.axes


def texts(figure):
    return " ".join(text.get_text().replace("\n", " ") for text in figure.findobj(plt.Text))


def bars(collection):
    return np.array(collection.get_segments())


@pytest.mark.parametrize("index", [MONOFRACTAL, MULTIFRACTAL])
def test_the_log_scale_diagram_shows_cumulants_weights_and_slopes(result, index):
    panels = drawn(logscale_diagram(result, index, title="a strip"))
    assert len(panels) == 3
    for m, axes in enumerate(panels):
        whiskers, points = axes.collections
        np.testing.assert_allclose(points.get_offsets(), np.column_stack([result.scales, result.cumulants[index, m]]))
        n = result.n_j[index]
        assert np.corrcoef(points.get_sizes(), n)[0, 1] == pytest.approx(1)
        np.testing.assert_allclose(bars(whiskers)[..., 1], result.intervals["cumulants"][index, m])
        x, y = axes.lines[0].get_data()
        assert (x[0], x[-1]) == (3, 6)
        slopes = np.diff(y) / np.log(2)
        np.testing.assert_allclose(slopes, result.log_cumulants[index, m], rtol=1e-6)
        low, high = result.intervals["log_cumulants"][index, m]
        assert axes.get_title() == f"c{m + 1} = {result.log_cumulants[index, m]:.3f} ({low:.3f} to {high:.3f})"
        assert [tick.get_text() for tick in axes.get_xticklabels()] == [f"{j}\n{n[j - 3]:.0f}" for j in range(3, 7)]
        (above,) = axes.child_axes
        assert [tick.get_text() for tick in above.get_xticklabels()] == ["2", "4", "8", "16"]


def test_the_line_of_an_integrated_signal_follows_its_points(signals):
    result = analyze(signals[ROUGH], j2=6, gamma=1.5)
    axes = drawn(logscale_diagram(result))[0]
    y = axes.lines[0].get_ydata()
    np.testing.assert_allclose(np.diff(y) / np.log(2), result.log_cumulants[0] + 1.5, rtol=1e-6)
    assert axes.get_title() == f"c1 = {result.log_cumulants[0]:.3f}"


def test_the_singularity_spectrum_shows_points_in_order_and_the_parabola(result):
    figure = singularity_spectrum(result, MULTIFRACTAL)
    (axes,) = drawn(figure)
    order = [4, 1, 2, 3, 0]
    points, parabola = axes.lines[:2]
    h, d = result.h[MULTIFRACTAL, order], result.D[MULTIFRACTAL, order]
    np.testing.assert_allclose(points.get_data(), [h, d])
    assert h[0] > h[2] > h[4]  # what makes "left is rough" true
    c1, c2, _ = result.log_cumulants[MULTIFRACTAL]
    x, y = parabola.get_data()
    assert y.max() == pytest.approx(1)
    assert x[y.argmax()] == pytest.approx(c1)
    np.testing.assert_allclose(np.diff(y, 2) / np.diff(x)[0] ** 2, 1 / c2, rtol=1e-6)
    assert y[[0, -1]] == pytest.approx(0, abs=1e-9)
    across, up = axes.collections
    np.testing.assert_allclose(bars(across)[..., 0], result.intervals["h"][MULTIFRACTAL, order])
    np.testing.assert_allclose(bars(up)[..., 1], result.intervals["D"][MULTIFRACTAL, order])
    assert {"q = 2", "q = -2"} <= {text.get_text() for text in axes.texts}
    low, high = result.intervals["log_cumulants"][MULTIFRACTAL, 1]
    assert f"c2 = {c2:.3f} ({low:.3f} to {high:.3f})" in axes.get_title()


def test_a_monofractal_spectrum_looks_narrow(signals):
    result = analyze(signals[[MONOFRACTAL, MULTIFRACTAL]], j2=6, q=[-1, 0, 1])
    shares = []
    for index in range(2):
        (axes,) = drawn(singularity_spectrum(result, index))
        low, high = axes.get_xlim()
        shares.append(np.ptp(axes.lines[0].get_xdata()) / (high - low))
    assert shares[0] < 0.1 < shares[1]


def test_a_spectrum_without_parabola_says_so(signals, result):
    figure = singularity_spectrum(replace(result, log_cumulants=np.abs(result.log_cumulants)), MULTIFRACTAL)
    drawn(figure)
    assert "no parabola, c2 is not negative" in texts(figure)
    one = analyze(signals[MULTIFRACTAL], j2=6, n_cumulants=1, q=[0, 1])
    assert "c2" not in texts(singularity_spectrum(one))
    assert len(drawn(logscale_diagram(one))) == 1


@pytest.mark.parametrize("figure", FIGURES)
@pytest.mark.parametrize(
    ("index", "reason"),
    [
        (CONSTANT, "the signal is constant"),
        (FEW, "fewer than 6 leaders at a scale"),
        (ROUGH, "the leaders are not defined"),
    ],
)
def test_what_was_not_estimated_says_why(result, figure, index, reason):
    picture = figure(result, index)
    drawn(picture)
    assert reason in texts(picture)
    assert not [line for axes in picture.axes for line in axes.lines if len(set(line.get_ydata())) > 1]


def test_points_stand_where_no_exponent_was_given(result):
    axes = drawn(logscale_diagram(result, ROUGH))[0]
    np.testing.assert_allclose(axes.collections[1].get_offsets()[:, 1], result.cumulants[ROUGH, 0])
    assert axes.get_title() == "c1: no estimate"


@pytest.mark.parametrize("figure", FIGURES)
def test_tensors_shapes_and_rows(signals, result, figure):
    def picture(found, index):
        return texts(figure(found, index))

    batch = torch.tensor(signals, requires_grad=True).reshape(5, 1, N)
    tensors = analyze(batch, j2=6, q=[2, -1, 0, 1, -2], n_bootstrap=60)
    assert picture(tensors, MULTIFRACTAL) == picture(result, MULTIFRACTAL) == picture(result, MULTIFRACTAL - 5)
    assert picture(result, MULTIFRACTAL) != picture(result, MONOFRACTAL)
    single = analyze(signals[MULTIFRACTAL].astype(np.float32), j2=6, q=[2, -1, 0, 1, -2], n_bootstrap=60)
    assert picture(single, 0)[:40] == picture(result, MULTIFRACTAL)[:40]
    drawn(figure(analyze(torch.tensor(signals[0], dtype=torch.bfloat16), j2=6, q=[0, 1]), 0))


@pytest.mark.parametrize("figure", FIGURES)
def test_no_bootstrap_no_bars(signals, figure):
    picture = figure(analyze(signals[MULTIFRACTAL], j2=6, q=[-1, 0, 1]))
    axes = drawn(picture)[0]
    assert " to " not in axes.get_title()
    segments = [bars(c) for c in axes.collections if hasattr(c, "get_segments")]
    assert not any(segment.size and np.isfinite(segment).all() for some in segments for segment in some)


@pytest.mark.parametrize("figure", FIGURES)
@pytest.mark.parametrize("index", [5, -6, 1.0, (0, 1)])
def test_an_index_that_is_no_row(result, figure, index):
    with pytest.raises(FHRError, match="in a result of 5 signals; give a whole number from 0 to 4"):
        figure(result, index)


def test_a_spectrum_needs_moments(signals):
    with pytest.raises(FHRError, match=r"q is None; call analyze with moments, such as q=\[-2, -1, 0, 1, 2\]"):
        singularity_spectrum(analyze(signals[0], j2=6))
