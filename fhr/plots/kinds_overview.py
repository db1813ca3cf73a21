"""Kinds of labour at a glance: who is with whom, how many kinds, and whether a kind splits better than one would."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from fhr.errors import FHRError

from .figure import Figure
from .palette import BLUE, GREY, ORANGE

__all__ = ["BestSplit", "kinds_overview"]

_MOST_SPLITS = 3


class BestSplit(NamedTuple):
    """Best split of any of some kinds, beside those of reference data of one kind each.

    Attributes:
        kinds: how many.
        gain: of the split, in standard deviations of the references.
        null: (n,) of the references.
        p: rank of the gain among them.
    """

    kinds: int
    gain: float
    null: np.ndarray
    p: float


def kinds_overview(
    together: ArrayLike,
    kinds: Sequence[str],
    shares: ArrayLike,
    splits: Sequence[BestSplit],
    *,
    title: str = "",
    drawn_of: int | None = None,
) -> Figure:
    """Draw the chance of each two labours to be of one kind, P(K) with its intervals, and the best splits.

    Args:
        together: (m, m) chance, in the order of the kinds, the surest of each first; NaN where nothing is known.
        kinds: (m,) name of the kind of each.
        shares: (K, 3) share of the repetitions with 1, 2, ... kinds, and the bounds of its interval.
        splits: the tests that decided, up to three.
        title: above all.
        drawn_of: labours of which these m were chosen; None for all.

    Returns:
        A figure with the axes "pairs", "numbers" and "split" of each test (`Axes.get_label`).

    Raises:
        FHRError: chances that are no square matrix of so many, shares of another shape, or no split or more than three.
    """
    chance, share = np.asarray(together, dtype=float), np.atleast_2d(np.asarray(shares, dtype=float))
    if chance.shape != (len(kinds), len(kinds)) or not len(kinds):
        raise FHRError(f"chances of shape {chance.shape} for {len(kinds)} labours; give (m, m), and m names of kinds")
    if share.shape[1:] != (3,):
        raise FHRError(f"shares of shape {share.shape}; give a row a number of kinds: share, low, high")
    if not 1 <= len(splits) <= _MOST_SPLITS:
        raise FHRError(f"{len(splits)} splits; give 1 to {_MOST_SPLITS}")
    figure = Figure(figsize=(11, 5.8), layout="constrained")
    halves: np.ndarray = np.asarray(figure.subfigures(1, 2, width_ratios=(6.4, 4.6)))
    left, right = halves
    _draw_pairs(left.add_subplot(label="pairs"), chance, list(kinds), drawn_of)
    grid = right.add_gridspec(1 + len(splits), 1, height_ratios=(1.3, *[1] * len(splits)))
    _draw_shares(right.add_subplot(grid[0], label="numbers"), share)
    for i, split in enumerate(splits):
        _draw_split(right.add_subplot(grid[i + 1], label="split"), split, last=i == len(splits) - 1)
    if title:
        figure.suptitle(title, fontsize="medium", x=0.01, ha="left", parse_math=False)
    return figure


def _draw_pairs(axes: Axes, chance: np.ndarray, kinds: list[str], drawn_of: int | None) -> None:
    m = len(kinds)
    image = axes.imshow(chance, vmin=0, vmax=1, cmap="cividis", interpolation="nearest", extent=(0, m, m, 0))
    edges = [0, *(i for i in range(1, m) if kinds[i] != kinds[i - 1]), m]
    for edge in edges[1:-1]:
        axes.axhline(edge, color="white", linewidth=1)
        axes.axvline(edge, color="white", linewidth=1)
    middles = [(a + b) / 2 for a, b in pairwise(edges)]
    words = [f"{kinds[a]} ({b - a})" if b - a > 0.04 * m else kinds[a] for a, b in pairwise(edges)]
    axes.set_yticks(middles, words, rotation=90, va="center", fontsize="small")
    axes.set_xticks(middles, words, fontsize="small")
    axes.tick_params(length=0)
    some = "" if drawn_of is None or drawn_of == m else f"; {m} of {drawn_of} are drawn"
    axes.set_title(f"chance of two labours to be of one kind{some}", fontsize="medium")
    bar = axes.figure.colorbar(image, ax=axes, fraction=0.046, pad=0.02)
    bar.ax.tick_params(labelsize="small")


def _draw_shares(axes: Axes, share: np.ndarray) -> None:
    number = np.arange(1, len(share) + 1)
    axes.bar(number, share[:, 0], color=BLUE, alpha=0.75, width=0.7)
    axes.vlines(number, share[:, 1], share[:, 2], color="black", linewidth=1.2)
    axes.set(xlim=(0.4, max(4, len(share)) + 0.6), ylim=(0, 1.02), xlabel="number of kinds")
    axes.set_xticks(np.arange(1, max(4, len(share)) + 1))
    axes.set_title("share of the repetitions, with its 95% interval", fontsize="medium")
    axes.grid(axis="y", alpha=0.3)


def _draw_split(axes: Axes, split: BestSplit, *, last: bool) -> None:
    gain, null = split.gain, np.asarray(split.null, dtype=float)
    low, high = min(gain, *null), max(gain, *null)
    room = 0.0 if high > low else 0.5
    bins = np.linspace(low - room, high + room, max(10, len(null) // 7)).tolist()
    axes.hist(null, bins=bins, color=GREY, alpha=0.6, label="one kind each")
    axes.axvline(gain, color=ORANGE, linewidth=2, label="these labours")
    word = "is it one kind?" if split.kinds == 1 else f"are {split.kinds} kinds enough?"
    axes.set_title(f"{word} p = {split.p:.2g}", fontsize="medium")
    axes.set_ylabel("reference sets", fontsize="small")
    if last:
        axes.set_xlabel("the best split (standard deviations of the reference sets)")
    axes.legend(fontsize="small", loc="best", framealpha=0.9)
    axes.grid(alpha=0.3)
