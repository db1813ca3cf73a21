"""The contract between the protocol and what it fits: something made for one place, which fits itself and scores."""

from collections.abc import Callable, Sequence
from typing import Protocol

from fhr.datasets import FittedModel, Place

__all__ = ["FAMILY", "Fit", "Made", "Maker"]

FAMILY = "family"
"""A further column of raw scores, where a place has several fits: which of them."""


class Fit(Protocol):
    """A model that is not fitted yet, with all that its fit needs: `OnTable`, `fhr.tasks.Training`, or one's own.

    What a place asks for is the fit's to do: the training part drawn with replacement where there are several members
    (`place.bootstrap`), signals or features of other records where `place.permutation` is given (`place.givers` of all
    labelled records that can be used: the report takes what comes from a signal from the same ones).
    """

    def fit(self, place: Place, seed: int) -> FittedModel:
        """Fit on the training part of `place`, score the held-out inner fold and the outer fold."""


Made = Fit | Sequence[Fit]
Maker = Callable[[Place, int], Made]
"""`make(place, seed)`: a `Fit`, or several to be combined; see `fhr.evaluation.cross_validate`."""
