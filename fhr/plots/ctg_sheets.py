"""A4 sheets of a long recording, in one PDF."""

from math import ceil
from pathlib import Path

from matplotlib.backends.backend_pdf import PdfPages
from numpy.typing import ArrayLike

from fhr.errors import FHRError
from fhr.formats import whole_or_not_at_all
from fhr.morphology import Morphology
from fhr.recording import Recording

from .ctg_false_signal import checked_false_signal
from .ctg_paper import Paper
from .ctg_strip import lay_out
from .ctg_window import Count, Window

__all__ = ["ctg_pages"]

_A4_CM = (29.7, 21.0)  # landscape
_STRIP_CM = 27.0  # 27 min at 1 cm/min, 13 at 2, 9 at 3
_HIGHEST_CM = 13.0  # panel of heart rates that leaves room for the other on the sheet
_OVERLAP = 1.0  # min, so that what lies across the edge of a sheet is seen whole on one of them, unless it is long


def ctg_pages(
    recording: Recording,
    morphology: Morphology | None = None,
    *,
    path: str | Path,
    false_signal: ArrayLike | None = None,
    start: float | None = None,
    minutes: float | None = None,
    count: Count = "end",
    speed: float = 1,
    scale: float = 20,
    bpm: tuple[float, float] = (50, 210),
) -> int:
    """Write a PDF of A4 sheets in landscape, each a strip as `fhr.plots.ctg` draws it, at true size.

    27 minutes a sheet at 1 cm/min, 13 at 2 cm/min, 9 at 3 cm/min; neighbours share one minute. The last sheet ends at
    the end and may share more with the one before it; what does not fill one sheet lies at its right. One sheet is in
    memory at a time. The file is written whole or not at all; one that exists is replaced. The same recording gives
    the same bytes. Print without "fit to page".

    Args:
        recording: what is drawn.
        morphology: of this very recording.
        path: of the file.
        false_signal: as in `ctg`.
        start: as in `ctg`.
        minutes: as in `ctg`.
        count: as in `ctg`.
        speed: cm/min; 1, 2 or 3.
        scale: bpm/cm; 20 or 30.
        bpm: range of the heart rates, at most 13 cm high.

    Returns:
        The number of sheets.

    Raises:
        FHRError: as `ctg` (but for the length), a range that is too high for the sheet, or a sheet or more of blank
            paper.
        OSError: a path that cannot be written to.
    """
    paper = Paper(speed, scale, bpm)
    if paper.fhr_cm > _HIGHEST_CM:
        raise FHRError(f"bpm={bpm!r} at {scale:g} bpm/cm is {paper.fhr_cm:.1f} cm high; a sheet takes {_HIGHEST_CM:g}")
    whole = Window.of(recording, start, minutes, count)
    false_signal = checked_false_signal(false_signal, recording)
    seconds = 60 * (_STRIP_CM // speed)
    if whole.end - whole.start > recording.duration + seconds:
        raise FHRError(
            f"{(whole.end - whole.start) / 60:g} min of paper for the {recording.duration / 60:g} min of "
            f"{recording.name}; give fewer minutes"
        )
    sheets = _sheets(whole, seconds)
    about = {"Title": recording.name, "Creator": "fhr", "CreationDate": None}  # no date: same bytes every time
    with whole_or_not_at_all(path) as part, PdfPages(part, metadata=about) as pdf:
        for i, window in enumerate(sheets, start=1):
            note = f"sheet {i} of {len(sheets)}"
            pdf.savefig(lay_out(recording, morphology, false_signal, window, paper, size_cm=_A4_CM, note=note))
    return len(sheets)


def _sheets(whole: Window, seconds: float) -> list[Window]:
    step = seconds - 60 * _OVERLAP
    n = max(1, ceil((whole.end - whole.start - 60 * _OVERLAP) / step - 1e-9))
    starts = [*(whole.start + i * step for i in range(n - 1)), whole.end - seconds]
    return [Window(start, start + seconds, whole.fs, whole.n, whole.count) for start in starts]
