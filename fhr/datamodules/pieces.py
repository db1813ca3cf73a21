"""Pieces of a recording: windows of one length that use all of it."""

from collections.abc import Iterator

import numpy as np

from fhr.recording import Recording, Step

__all__ = ["pieces"]


def pieces(recording: Recording, *, minutes: float, least: float) -> Iterator[Recording]:
    """Cut a recording into pieces of one length, counted back from its end.

    In front of the first piece, where the recording is too short for it, everything is missing.

    Args:
        recording: of any length.
        minutes: length of a piece.
        least: minutes of the recording that a piece needs.

    Yields:
        Recordings with the name and source of the whole, the last piece first.
    """
    n = round(60 * minutes * recording.fs)
    for end in range(len(recording), 0, -n):
        start = max(0, end - n)
        if end - start < 60 * least * recording.fs:
            return
        before = np.full(n - (end - start), np.nan, dtype=np.float32)
        fhr, uc = (np.concatenate([before, signal[start:end]]) for signal in (recording.fhr, recording.uc))
        step = Step("piece", {"end": end / recording.fs, "minutes": minutes})
        yield recording.after(step, fhr=fhr, uc=uc, mhr=None)
