"""Recording of one labour: signals, outcome, whether it was measured, and everything that was done to it."""

from .clinical import Clinical, Outcome
from .composition import Composition
from .plain import plain_names, plain_number, plain_numbers, plain_table
from .provenance import KINDS, Provenance
from .recording import Recording, Source, Step

__all__ = [
    "KINDS",
    "Clinical",
    "Composition",
    "Outcome",
    "Provenance",
    "Recording",
    "Source",
    "Step",
    "plain_names",
    "plain_number",
    "plain_numbers",
    "plain_table",
]
