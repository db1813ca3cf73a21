"""A morphology in a notebook: its numbers of events, its categories, and a name that is text."""

import numpy as np

from fhr.morphology import analyze
from fhr.recording import Recording


def test_what_a_notebook_shows_of_a_morphology():
    t = np.arange(0, 3600, 0.25)
    fhr = 140 + 3 * np.sin(t / 8) - 40 * (np.abs(t - 1800) < 40) + 25 * (np.abs(t - 900) < 20)
    morphology = analyze(Recording("<script>", fhr, np.full(len(t), np.nan), 4.0))
    html = morphology._repr_html_()
    assert "<script" not in html
    assert "Morphology of &lt;script&gt;" in html
    assert (len(morphology.accelerations), len(morphology.decelerations)) == (1, 1)
    assert f">1 (1 {morphology.decelerations['kind'].iloc[0]})<" in html
    for verdict in (morphology.figo, morphology.nichd):
        assert f">{verdict.words}<" in html
    assert html.count('height="5"') == 2


def test_a_recording_without_a_baseline():
    none = np.full(2400, np.nan)
    html = analyze(Recording("r", none, none, 4.0))._repr_html_()
    assert ">none<" in html
    assert "nan" not in html
