"""Recording of one labour: its signals, its outcome, and everything that was done to it."""

from .clinical import Clinical, Outcome
from .plain import plain_names, plain_number, plain_numbers, plain_table
from .recording import Recording, Source, Step

__all__ = [
    "Clinical",
    "Outcome",
    "Recording",
    "Source",
    "Step",
    "plain_names",
    "plain_number",
    "plain_numbers",
    "plain_table",
]
