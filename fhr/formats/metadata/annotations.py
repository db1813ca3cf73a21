"""Annotation of a recording: what somebody or some device noted at a time of it."""

from dataclasses import dataclass

__all__ = ["Annotation"]


@dataclass(frozen=True, slots=True)
class Annotation:
    """One note on a recording.

    Attributes:
        start_s: time from the first sample of the file's signals, s; negative for what was noted before it.
        duration_s: how long it lasts, s; 0 for an instant, NaN where the file does not say.
        text: the note itself, empty where there is a kind only.
        kind: the format's own code, the symbol of a WFDB annotation say; empty where the format has none.
    """

    start_s: float
    duration_s: float
    text: str
    kind: str = ""
