"""One recording: its signals, its outcome, and everything that was done to it."""

from .clinical import Clinical, Outcome
from .recording import Recording, Source, Step

__all__ = ["Clinical", "Outcome", "Recording", "Source", "Step"]
