"""`WholeProcedure`: what a configuration says of the lines that its network stands on, or is combined with."""

from dataclasses import dataclass, field
from typing import Literal

__all__ = ["WholeProcedure"]


@dataclass(frozen=True)
class WholeProcedure:
    """Lines that stand beside the network as families of one procedure, inside each outer fold, or beneath it.

    Attributes:
        lines: short names, as `--baseline` of `fhr crossval` takes them; none for the network alone.
        by: `mean` averages network and lines at equal weight, `choose` takes the best on the held-out inner folds,
            `weigh` learns weights there, see `fhr.evaluation.Procedure`.
        residual_on: short name of a kernel line, on whose score the network begins, so that it learns what the line
            leaves, see `fhr.evaluation.ResidualMaker`; None for a network by itself.
        embedding_in: short name of a kernel line, among whose kernels the network's embedding is one more, see
            `fhr.evaluation.EmbeddedMaker`; None for a network that scores by itself.
        head: what scores the network's embedding in place of its own head: `kernel`, `ridge` or `logistic`, see
            `fhr.evaluation.EmbeddedMaker`; None for its own.
    """

    lines: list[str] = field(default_factory=list)
    by: Literal["mean", "choose", "weigh"] = "mean"
    residual_on: str | None = None
    embedding_in: str | None = None
    head: Literal["kernel", "ridge", "logistic"] | None = None
