"""Files of cardiotocograms: PNG, SVG, PDF or HTML, by the suffix."""

from pathlib import Path
from typing import Any

from matplotlib import rc_context
from numpy.typing import ArrayLike

from fhr.errors import FHRError
from fhr.formats import whole_or_not_at_all
from fhr.morphology import Morphology
from fhr.recording import Recording

from .ctg_page import ctg_page
from .ctg_sheets import Sheet, ctg_pages
from .ctg_strip import ctg
from .ctg_window import Count

__all__ = ["SUFFIXES", "take_ctg_suffix", "write_ctg"]

SUFFIXES = (".png", ".svg", ".pdf", ".html")


def write_ctg(
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
    dpi: float = 150,
    sheet: Sheet = "a4",
) -> None:
    """Write `.png` or `.svg` (one strip, `fhr.plots.ctg`), `.pdf` (sheets, `ctg_pages`) or `.html` (`ctg_interactive`).

    A picture is one strip however long it is, so that no event is cut; sheets are what is printed. The file is written
    whole or not at all; one that exists is replaced, and the same recording gives the same bytes. The page holds all
    that it needs and forbids the browser to ask the network for anything (5 MB of it are plotly's own program); beside
    the strip it lists baseline and events, and shows the one that is chosen.

    Args:
        recording: what is drawn.
        morphology: of this very recording.
        path: whose suffix says what is written.
        false_signal: as in `ctg`.
        start: as in `ctg`.
        minutes: as in `ctg`.
        count: as in `ctg`.
        speed: cm/min; 1, 2 or 3. It sets how many minutes an HTML figure opens with.
        scale: bpm/cm; 20 or 30; an HTML figure has no fixed scale.
        dpi: of a PNG.
        sheet: of a PDF, as in `ctg_pages`.

    Raises:
        FHRError: another suffix, or what the three functions raise.
        OSError: a path that cannot be written to.
    """
    suffix = take_ctg_suffix(path)
    stretch: dict[str, Any] = {"false_signal": false_signal, "start": start, "minutes": minutes, "count": count}
    if suffix == ".pdf":
        ctg_pages(recording, morphology, path=path, speed=speed, scale=scale, sheet=sheet, **stretch)
    elif suffix in (".png", ".svg"):
        figure = ctg(recording, morphology, speed=speed, scale=scale, **stretch)
        about = {"Title": recording.name} | ({"Date": None} if suffix == ".svg" else {})  # same bytes every time
        with whole_or_not_at_all(path) as part, rc_context({"svg.hashsalt": "fhr"}):
            figure.savefig(part, format=suffix[1:], dpi=dpi, metadata=about)
    else:
        text = ctg_page(recording, morphology, speed=speed, **stretch)
        with whole_or_not_at_all(path) as part:
            part.write_text(text, encoding="utf-8")


def take_ctg_suffix(path: str | Path) -> str:
    """Check and return the lower-case suffix of `path`.

    Raises:
        FHRError: none of the known ones.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise FHRError(f"{path}: unknown suffix {Path(path).suffix!r}; known are {', '.join(SUFFIXES)}")
    return suffix
