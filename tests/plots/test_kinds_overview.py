import numpy as np
import pytest

from fhr.errors import FHRError, FormatError
from fhr.plots import BestSplit, ToldStrip, kinds_overview, told_strips, write_figures

CHANCE = np.kron(np.eye(2), np.ones((3, 3)))
SPLIT = BestSplit(1, 2.5, np.linspace(0, 3, 50), 0.2)
SHARES = [[0.4, 0.2, 0.6], [0.6, 0.4, 0.8]]
KINDS = ["kind 1"] * 3 + ["kind 2"] * 3


def test_chances_shares_and_gains_are_what_was_given():
    figure = kinds_overview(CHANCE, KINDS, SHARES, [SPLIT], drawn_of=60)
    axes = {one.get_label(): one for one in figure.axes}
    np.testing.assert_array_equal(axes["pairs"].images[0].get_array(), CHANCE)
    assert axes["pairs"].get_title().endswith("6 of 60 are drawn")
    assert [text.get_text() for text in axes["pairs"].get_xticklabels()] == ["kind 1 (3)", "kind 2 (3)"]
    bars = axes["numbers"].collections[0].get_segments()
    np.testing.assert_allclose([[bar[0][1], bar[1][1]] for bar in bars], [[0.2, 0.6], [0.4, 0.8]])
    assert sum(patch.get_height() for patch in axes["split"].patches) == 50
    assert axes["split"].lines[0].get_xdata()[0] == 2.5


def test_a_split_that_says_nothing_is_drawn_too():
    kinds_overview(CHANCE, KINDS, SHARES, [BestSplit(2, 0.0, np.zeros(19), 1.0)])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((CHANCE, KINDS[:5], SHARES, [SPLIT]), "for 5 labours"),
        ((np.zeros((0, 0)), [], SHARES, [SPLIT]), "for 0 labours"),
        ((CHANCE, KINDS, [[0.4, 0.2]], [SPLIT]), "share, low, high"),
        ((CHANCE, KINDS, SHARES, []), "0 splits; give 1 to 3"),
    ],
)
def test_what_does_not_fit_is_refused(given, said):
    with pytest.raises(FHRError, match=said):
        kinds_overview(*given)


def test_figures_go_into_one_file(tmp_path):
    signal = np.full(600, 140.0)
    figures = [told_strips([ToldStrip(signal, signal, 1.0, [name])] * n, size=0.3) for name, n in (("a", 1), ("b", 2))]
    write_figures(tmp_path / "all.png", figures, title="both", dpi=40)
    from matplotlib.image import imread

    sizes = [figure.get_size_inches() * 40 for figure in figures]
    high, wide = imread(tmp_path / "all.png").shape[:2]
    assert high == pytest.approx(sum(size[1] for size in sizes), abs=2)
    assert wide == pytest.approx(max(size[0] for size in sizes), abs=1)
    write_figures(tmp_path / "all.pdf", figures, title="both")
    assert (tmp_path / "all.pdf").read_bytes().count(b"/Count 2 ") == 1
    with pytest.raises(FormatError, match="suffix"):
        write_figures(tmp_path / "all.svg", figures, title="both")
    with pytest.raises(FHRError, match="no strip"):
        told_strips([])
