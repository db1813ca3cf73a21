"""Shares of verdicts against the size of a change."""

import numpy as np
import pytest

from fhr.errors import FHRError
from fhr.plots.size_curve import SizeCurve, size_curves_figure


def test_a_panel_for_each_threat_and_none_beside():
    share = np.array([1.0, 0.6, 0.2])
    plain = SizeCurve(np.array([0.0, 1.0, 2.0]), "bpm", share / 2, share)
    right = plain._replace(right=share / 4, right_attacked=share / 3)
    figure = size_curves_figure({f"threat {i}": plain for i in range(4)} | {"last": right}, title="a_title$")
    used = [axes for axes in figure.axes if axes.axison]
    assert [axes.get_title() for axes in used] == [*(f"threat {i}" for i in range(4)), "last"]
    assert [len(axes.lines) for axes in used] == [2, 2, 2, 2, 4]
    assert figure.get_suptitle() == "a_title$"
    figure.draw_without_rendering()


def test_nothing_to_draw():
    with pytest.raises(FHRError, match="no curve to draw; give one or more"):
        size_curves_figure({})
