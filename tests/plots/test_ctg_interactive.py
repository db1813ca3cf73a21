"""The interactive figure: the same layers as on paper, a file that stands alone, and no plotly asked for."""

import sys

import numpy as np
import pytest

from fhr.errors import FHRError
from fhr.plots import ctg_interactive
from fhr.recording import Recording


@pytest.fixture
def plotly():
    return pytest.importorskip("plotly", reason="the extra plotly is not installed")


def named(figure, name):
    return [trace for trace in figure.data if trace.name == name]


def test_layers(plotly, labour, labour_morphology):
    probability = np.zeros(len(labour))
    probability[-2400:] = 0.8
    figure = ctg_interactive(labour, labour_morphology, false_signal=probability)
    fhr, dots = named(figure, "fetal heart rate")
    np.testing.assert_array_equal(fhr.y, labour.fhr)
    assert fhr.connectgaps is None or not fhr.connectgaps
    assert np.asarray(fhr.x)[[0, -1]] == pytest.approx([-90, -1 / 240], abs=1e-4)
    assert dots.mode == "markers"
    assert (len(dots.x), dots.y[0]) == (1, 130)
    assert named(figure, "maternal heart rate")[0].y[0] == 85
    assert set(named(figure, "baseline")[0].y) == {140}
    bars, spans = named(figure, "decelerations")
    assert [text for text in bars.text if text] == ["<br>early", "<br>variable", "<br>prolonged"]
    assert bars.customdata[4] == "variable deceleration, 20 bpm, 40 s"
    assert spans.x[0] == pytest.approx(-3800 / 60)
    assert len(named(figure, "contractions")[0].x) == 12
    shaded = named(figure, "false signal")
    assert [(s.x[0], s.x[1], s.x[2]) for s in shaded] == [pytest.approx((-10, -10, 0))] * 2
    for name in ("accelerations", "uncertain (fhr)", "uncertain (uc)", "sinusoidal pattern", "uterine activity"):
        assert named(figure, name), name
    assert "suspicious (reduced variability)" in figure.layout.title.subtitle.text


def test_one_time_axis_that_opens_on_thirty_centimetres(plotly, labour):
    figure = ctg_interactive(labour, speed=3)
    assert {trace.xaxis for trace in figure.data} == {None}
    assert {trace.yaxis for trace in figure.data} == {"y", "y3"}
    assert figure.layout.xaxis.range == (-10, 0)
    assert figure.layout.xaxis.rangeslider.visible
    assert figure.layout.xaxis.rangeslider.range == (-90, 0)
    assert {trace.type for trace in figure.data} == {"scatter"}  # the overview leaves out all others
    assert figure.layout.yaxis.range == (50, 210)
    short = ctg_interactive(labour, start=600, minutes=5, count="start")
    assert short.layout.xaxis.range == pytest.approx((10, 15))
    assert len(named(short, "uterine activity")[0].x) == 1200


def test_names_are_text_and_not_markup(plotly, tmp_path):
    recording = Recording("<img src=x onerror=alert(1)>", np.full(40, 140.0), np.zeros(40), 4.0)
    assert "<img" not in ctg_interactive(recording).layout.title.text


def test_recordings_with_nothing_in_them(plotly):
    none = np.full(40, np.nan)
    for recording in (Recording("r", none, none, 4.0), Recording("r", none[:0], none[:0], 4.0)):
        assert len(ctg_interactive(recording).data) == 2


def test_without_plotly(monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "plotly"]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, "plotly", None)
    with pytest.raises(
        FHRError, match=r"needs plotly, which is not installed; pip install 'intrapartum-fhr\[plotly\]'"
    ):
        ctg_interactive(Recording("r", np.zeros(9), np.zeros(9), 4.0))


def test_what_is_refused(plotly, labour, labour_morphology):
    with pytest.raises(FHRError, match="speed=9 cm/min"):
        ctg_interactive(labour, speed=9)
    with pytest.raises(FHRError, match="minutes=-1"):
        ctg_interactive(labour, minutes=-1)
    with pytest.raises(FHRError, match="is not that of r"):
        ctg_interactive(Recording("r", np.zeros(9), np.zeros(9), 4.0), labour_morphology)
