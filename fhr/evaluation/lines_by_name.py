"""Lines by their short names: the baselines, the kernel line and its rivals."""

from collections.abc import Sequence

from fhr.errors import FHRError

from .baselines import BASELINES, Baseline
from .group_lines import GROUP_LINES, GroupLine

__all__ = ["BESIDE", "lines"]

BESIDE: tuple[Baseline | GroupLine, ...] = (*BASELINES, GROUP_LINES[0])
"""The lines that a network stands beside: every baseline and the kernel line."""


def lines(slugs: Sequence[str]) -> list[Baseline | GroupLine]:
    """The lines of these short names; every one of `BASELINES` and `GROUP_LINES` for `all`.

    Raises:
        FHRError: there is none of a name.

    Example:
        >>> [line.name for line in lines(["loss", "kernel"])]
        ['signal loss of the last 60 min alone', 'kernel line']
    """
    known: dict[str, Baseline | GroupLine] = {line.slug: line for line in (*BASELINES, *GROUP_LINES)}
    if unknown := [slug for slug in slugs if slug not in known and slug != "all"]:
        raise FHRError(f"baseline {unknown[0]!r}; there are {', '.join(known)}, and `all` for each of them")
    return [line for slug, line in known.items() if slug in slugs or "all" in slugs]
