"""Words about a recording in the header of its strips: when it was recorded, of which gestation, and what is lost."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from fhr.recording import Recording

__all__ = ["about", "lost_words"]


def about(recording: Recording, part: slice) -> Iterator[str]:
    """Date, gestation, kind and source where they are known, and the signal loss of what is shown.

    Args:
        recording: of the strip.
        part: samples that are shown.
    """
    if recording.date:
        yield f"recorded {recording.date}"
    if (weeks := recording.clinical.gestational_age) > 0:
        yield f"{weeks:g} weeks of gestation"
    if not recording.provenance.is_measured:
        yield recording.provenance.kind
    yield lost_words(recording, part)
    if recording.source:
        yield f"source: {Path(recording.source.path).name} ({recording.source.format})"


def lost_words(recording: Recording, part: slice) -> str:
    """Signal loss in a part of a recording; said too where it holds no uterine activity."""
    fhr = recording.fhr[part]
    lost = f"{100 * np.isnan(fhr).mean():.0f}% signal loss" if len(fhr) else "no signal"
    return lost if np.isfinite(recording.uc[part]).any() else f"{lost} · no uterine activity"
