"""Losses: plain torch; scores (batch, n_outputs), label, pH and weight (batch,) in, one number out."""

from .acidosis_target import AcidosisTarget
from .cross_entropy import BinaryCrossEntropy
from .ph import PHRegression

__all__ = ["AcidosisTarget", "BinaryCrossEntropy", "PHRegression"]
