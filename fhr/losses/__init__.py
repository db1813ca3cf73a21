"""Losses: plain torch; scores (batch, n_outputs), label, pH and weight (batch,) in, one number out.

A loss that takes the base deficit (batch,), too, says so by an attribute `takes_bdecf`; that of a pretraining takes
sequences.
"""

from .acidosis import AcidosisRegression
from .acidosis_target import AcidosisTarget
from .cross_entropy import BinaryCrossEntropy
from .ordinal_margin import OrdinalMargin
from .ph import PHRegression
from .smoothed_cross_entropy import SmoothedCrossEntropy
from .truth import TruthLoss

__all__ = [
    "AcidosisRegression",
    "AcidosisTarget",
    "BinaryCrossEntropy",
    "OrdinalMargin",
    "PHRegression",
    "SmoothedCrossEntropy",
    "TruthLoss",
]
