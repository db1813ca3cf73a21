"""The scores that one fitted model gives to the records of a place, and the model where it is kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import pandas as pd

__all__ = ["FittedModel", "FittedNetwork"]


@dataclass(frozen=True)
class FittedNetwork:
    """A checkpoint file as bytes, so that it can travel, and what its training was.

    Attributes:
        checkpoint: content of the file.
        inner: inner fold that it did not see.
        member: which of the networks that were trained on the same records.
        device: that it was trained on; empty where that is not known.
        metrics: numbers of its training, such as `best_epoch` and `seconds`.
        family: which of the models of several families of one place.
    """

    checkpoint: bytes
    inner: int = 0
    member: int = 0
    device: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)
    family: int = 0


class FittedModel(NamedTuple):
    """The risk scores that one fitted model gives to records that it has not seen.

    Attributes:
        held_out: of the held-out inner fold, by record name; the larger, the likelier the label.
        test: of the outer fold, by record name.
        network: the model itself, or None where nothing is kept of it.
    """

    held_out: pd.Series
    test: pd.Series
    network: FittedNetwork | None = None
