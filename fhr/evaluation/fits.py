"""The contract between the protocol and what it fits: something made for one place, which fits itself and scores."""

from collections.abc import Callable, Sequence
from typing import Protocol

from fhr.datasets import FittedModel, Place

__all__ = ["Fit", "Made", "Maker"]


class Fit(Protocol):
    """A model that is not fitted yet, with all that its fit needs: `OnTable`, `fhr.tasks.Training`, or one's own."""

    def fit(self, place: Place, seed: int) -> FittedModel:
        """Fit on the training part of `place`, score the held-out inner fold and the outer fold."""


Made = Fit | Sequence[Fit]
Maker = Callable[[Place, int], Made]
"""`make(place, seed)`: a `Fit`, or several to be combined; see `fhr.evaluation.cross_validate`."""
