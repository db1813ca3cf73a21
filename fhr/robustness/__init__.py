"""How much a trace would have to change before the verdict does: threats, attacks, certificates."""

from .reader import FeatureReader, NetworkReader, Reader, Verdicts, reader_of
from .traces import Traces

__all__ = ["FeatureReader", "NetworkReader", "Reader", "Traces", "Verdicts", "reader_of"]
