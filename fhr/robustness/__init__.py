"""How much a trace would have to change before the verdict does: threats, attacks, certificates."""

from .layer_bound import layer_bound
from .lipschitz_bound import lipschitz_bound
from .reader import FeatureReader, NetworkReader, Reader, Verdicts, reader_of
from .traces import Traces

__all__ = [
    "FeatureReader",
    "NetworkReader",
    "Reader",
    "Traces",
    "Verdicts",
    "layer_bound",
    "lipschitz_bound",
    "reader_of",
]
