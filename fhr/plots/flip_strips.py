"""A window and the smallest changes that flip its verdict: strips on one scale, the original behind each changed one."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from .told_strips import ToldStrip, told_strips

__all__ = ["flip_strips"]

_SIZE = 0.5  # of the paper


def flip_strips(window: ToldStrip, changed: Sequence[ToldStrip]) -> Figure:
    """Draw a window and, below it, changed ones, see `told_strips`.

    Behind each changed heart rate, which is black, stands the original in blue: blue is to be seen where the two differ
    by more than a line.

    Args:
        window: as the model read it.
        changed: the same window after changes, with what they are in words.

    Raises:
        FHRError: as `told_strips`.
    """
    said = "blue: the heart rate before the change" if changed else ""
    return told_strips([window, *changed], size=_SIZE, behind=window, said=said)
