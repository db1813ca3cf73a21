"""A labour and those that are like it: strips on one scale, aligned in time, with the first behind each other one."""

from collections.abc import Sequence

from .figure import Figure
from .told_strips import ToldStrip, told_strips

__all__ = ["MOST_STRIPS", "similar_strips"]

MOST_STRIPS = 10
"""Strips that are drawn below the first; more are not compared at a glance."""


def similar_strips(query: ToldStrip, matches: Sequence[ToldStrip]) -> Figure:
    """Draw a window and, below it, those that are like it, see `told_strips`.

    Behind each match stands the heart rate of the query in blue. Of more than ten matches the first ten are drawn, and
    the foot says so.

    Args:
        query: at the top.
        matches: in their order.

    Raises:
        FHRError: as `told_strips`.
    """
    said = ["blue: the heart rate of the query"] if matches else []
    if len(matches) > MOST_STRIPS:
        said.append(f"{MOST_STRIPS} of {len(matches)} matches are drawn")
    return told_strips([query, *matches[:MOST_STRIPS]], behind=query, said=" · ".join(said))
