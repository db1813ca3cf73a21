import numpy as np
import pytest

from fhr.errors import FHRError
from fhr.plots import ToldStrip, similar_strips


def strip(name="a", minutes=20, fs=4.0, lag=0.0):
    n = round(minutes * 60 * fs)
    return ToldStrip(np.full(n, 140.0), np.full(n, 20.0), fs, [name, "some words"], lag)


def test_strips_end_together_whatever_their_rate():
    figure = similar_strips(strip(), [strip("b", fs=1.0), strip("c", lag=12.0)])
    rates = [axes for axes in figure.axes if axes.get_label() == "rate"]
    assert {axes.get_xlim() for axes in rates} == {(-20, 0)}
    last = [axes.lines[-1].get_xdata()[-1] for axes in rates]
    np.testing.assert_allclose(last, [-1 / 240, -1 / 60, -1 / 240 - 0.2])


def test_the_paper_keeps_its_proportions():
    figure = similar_strips(strip(minutes=30), [])
    rate, activity = (axes.get_window_extent() for axes in figure.axes)
    assert rate.width / rate.height == pytest.approx(30 / 8)  # 1 cm/min beside 160 bpm at 20 bpm/cm
    assert activity.height == pytest.approx(rate.height / 2)


def test_ten_are_drawn_of_many_and_it_is_said():
    figure = similar_strips(strip(), [strip(str(i)) for i in range(12)])
    assert len(figure.axes) == 2 * 11
    said = {text.get_gid(): text.get_text() for text in figure.texts}
    assert "10 of 12 matches are drawn" in said["foot"]


@pytest.mark.parametrize(
    "wrong",
    [
        strip()._replace(fhr=np.zeros(3)),
        strip(minutes=0),
        strip()._replace(fs=0.0),
        strip()._replace(uc=np.zeros((2, 2))),
    ],
)
def test_signals_that_do_not_belong_together_are_refused(wrong):
    with pytest.raises(FHRError, match="give as many of both"):
        similar_strips(strip(), [wrong])
