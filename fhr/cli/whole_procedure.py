"""`WholeProcedure`: what a configuration says of the lines that are combined with its network."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["WholeProcedure"]


@dataclass(frozen=True)
class WholeProcedure:
    """Lines that stand beside the network as families of one procedure, inside each outer fold.

    Attributes:
        lines: short names, as `--baseline` of `fhr crossval` takes them.
        by: `mean` averages network and lines at equal weight, `choose` takes the best on the held-out inner folds,
            `weigh` learns weights there, see `fhr.evaluation.Procedure`.
    """

    lines: list[str]
    by: Literal["mean", "choose", "weigh"] = "mean"
