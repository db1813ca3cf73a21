"""Printed sheets of a long recording, in one PDF: rows of paper of true size below a header, as a clinic files them."""

from math import ceil
from pathlib import Path
from typing import Any, Literal

from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike

from fhr.errors import FHRError
from fhr.formats import whole_or_not_at_all
from fhr.morphology import Morphology
from fhr.recording import Recording

from .ctg_about import about
from .ctg_events import BASIS, categories, signal_line
from .ctg_paper import INCH, NOTICE, Paper
from .ctg_row import LEFT_CM, RIGHT_CM, Layers, draw_legend, draw_row, row_cm
from .ctg_strip import checked_layers
from .ctg_window import Count, Window
from .figure import Figure
from .palette import ORANGE

__all__ = ["SHEETS", "Sheet", "ctg_pages"]

Sheet = Literal["a4", "a4-landscape", "a3-landscape"]
SHEETS: dict[Sheet, tuple[float, float]] = {
    "a4": (21.0, 29.7),
    "a4-landscape": (29.7, 21.0),
    "a3-landscape": (42.0, 29.7),
}
"""Width and height of the sheets, cm."""

_HEAD, _FOOT = 1.6, 1.1  # cm above the first row and below the last
_NUMBERS = 0.4  # cm for the numbers of a time axis
_OVERLAP = 1.0  # min, so that what lies across the end of a row is seen whole on one of them, unless it is long
_RULER = 5.0  # cm


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
    sheet: Sheet = "a4",
) -> int:
    """Write a PDF of sheets, each of as many rows of paper as it holds, at true size, as `fhr.plots.ctg` draws them.

    A4 upright holds two rows of 18 min at 1 cm/min, A4 across one of 27 min, A3 across two of 39 min; at 2 and 3 cm/min
    a half and a third of it. Rows share one minute with their neighbours. The last row ends at the end and may share
    more with the one before it; what does not fill one row lies at its right. Each sheet has a header (name, date and
    gestation where they are known, paper, source, number of the sheet, categories) and a footer that says what this
    software is, and a ruler of 5 cm that tells whether the print is of true size: print without "fit to page".

    One sheet is in memory at a time. The file is written whole or not at all; one that exists is replaced. The same
    recording gives the same bytes.

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
        bpm: range of the heart rates; a row of it has to fit on the sheet.
        sheet: "a4", "a4-landscape" or "a3-landscape".

    Returns:
        The number of sheets.

    Raises:
        FHRError: as `ctg` (but for the length), an unknown sheet, a range that is too high for it, or a row or more of
            blank paper.
        OSError: a path that cannot be written to.
    """
    if sheet not in SHEETS:
        raise FHRError(f"sheet={sheet!r}; known are {', '.join(SHEETS)}")
    paper = Paper(speed, scale, bpm)
    layers = checked_layers(recording, morphology, false_signal)
    size, tall = SHEETS[sheet], row_cm(layers, paper) + _NUMBERS
    room = size[1] - _HEAD - _FOOT
    rows = int(room / tall + 1e-9)
    if not rows:
        raise FHRError(
            f"bpm={bpm!r} at {scale:g} bpm/cm makes a row {tall:.1f} cm high; a sheet ({sheet}) has {room:.1f} cm"
        )
    whole = Window.of(recording, start, minutes, count)
    seconds = 60 * ((size[0] - LEFT_CM - RIGHT_CM) // speed)
    if whole.end - whole.start > recording.duration + seconds:
        raise FHRError(
            f"{(whole.end - whole.start) / 60:g} min of paper for the {recording.duration / 60:g} min of "
            f"{recording.name}; give fewer minutes"
        )
    windows = _rows(whole, seconds)
    sheets = [windows[i : i + rows] for i in range(0, len(windows), rows)]
    told = {"Title": recording.name, "Creator": "fhr", "CreationDate": None}  # no date: same bytes every time
    with whole_or_not_at_all(path) as part, PdfPages(part, metadata=told) as pdf:
        for i, shown in enumerate(sheets, start=1):
            figure = Figure(figsize=(size[0] / INCH, size[1] / INCH))
            for k, window in enumerate(shown):
                draw_row(figure, layers, window, paper, top=_HEAD + k * room / rows, named=False)
            _head(figure, layers, shown, paper, f"sheet {i} of {len(sheets)}")
            _foot(figure, basis="" if morphology is None else BASIS)
            pdf.savefig(figure)
    return len(sheets)


def _rows(whole: Window, seconds: float) -> list[Window]:
    step = seconds - 60 * _OVERLAP
    n = max(1, ceil((whole.end - whole.start - 60 * _OVERLAP) / step - 1e-9))
    starts = [*(whole.start + i * step for i in range(n - 1)), whole.end - seconds]
    return [Window(start, start + seconds, whole.fs, whole.n, whole.count) for start in starts]


def _head(figure: Figure, layers: Layers, windows: list[Window], paper: Paper, sheet: str) -> None:
    recording, morphology = layers.recording, layers.morphology
    width, height = figure.get_size_inches() * INCH
    first, last = windows[0].inside, windows[-1].inside
    scales = f"{paper.speed:g} cm/min, {paper.scale:g} bpm/cm"
    letters = round((width - LEFT_CM - RIGHT_CM) / 0.12)  # at 6.5 pt

    def write(text: str, cm: float, name: str, *, right: bool = False, **style: Any) -> None:
        x = 1 - RIGHT_CM / width if right else LEFT_CM / width
        style = {"fontsize": 6.5, "ha": "right" if right else "left", "va": "center", **style}
        figure.text(x, 1 - cm / height, text, parse_math=False, gid=name, **style)

    write(_fit(recording.name, letters // 4), 0.58, "name", fontsize=11, weight="bold")
    write(f"{windows[0].axis} · {sheet}", 0.58, "sheet", right=True, weight="bold")
    said = " · ".join(about(recording, slice(first.start, last.stop)))
    write(_fit(said, round(0.85 * letters) - len(scales)), 0.92, "about")
    write(scales, 0.92, "paper", right=True)
    if morphology is not None:
        write(categories(morphology, windows[0], letters), 1.18, "categories")
        write(signal_line(morphology, letters), 1.42, "signal", color=ORANGE)


def _fit(text: str, letters: int) -> str:
    return text if len(text) <= letters else f"{text[: letters - 2]} …"


def _foot(figure: Figure, *, basis: str) -> None:
    width, height = figure.get_size_inches() * INCH
    draw_legend(figure, foot=0.54, points=6)
    y, end = 0.4 / height, width - RIGHT_CM
    small: dict[str, Any] = {"fontsize": 6, "va": "center", "color": "0.35"}
    figure.text(LEFT_CM / width, y, basis, gid="basis", **small)
    figure.text((end - _RULER - 0.7) / width, y, NOTICE, weight="bold", ha="right", gid="notice", **small)
    figure.text((end - _RULER - 0.1) / width, y, f"{_RULER:g} cm", ha="right", **small)
    ruler = Line2D(
        [(end - _RULER) / width, end / width], [y, y], color="black", linewidth=0.6, marker="|", markersize=4
    )
    ruler.set_gid("ruler")
    figure.add_artist(ruler)
