"""Losses: plain torch; what a network says and what is true in, one number out.

Losses of a label take scores (batch, n_outputs), label, pH and weight (batch,); that of a pretraining a sequence.
"""

from .cross_entropy import BinaryCrossEntropy
from .ph import PHRegression
from .truth import TruthLoss

__all__ = ["BinaryCrossEntropy", "PHRegression", "TruthLoss"]
