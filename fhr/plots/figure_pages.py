"""Several figures in one file: a page each of a PDF, or below each other in a PNG."""

import io
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure
from matplotlib.image import imread, imsave

from fhr.formats import whole_as_named
from fhr.formats.files.whole_file import take_suffix

from .html_page import png

__all__ = ["FIGURE_SUFFIXES", "write_figures"]

FIGURE_SUFFIXES = (".png", ".pdf")
"""Of a file of figures."""


def write_figures(path: str | Path, figures: Iterable[Figure], *, title: str, dpi: float = 150) -> None:
    """Write figures into one file, which is written whole or not at all.

    Args:
        path: `.pdf` for a page each, `.png` for one picture, the figures below each other.
        figures: one or more; of a PDF one is held at a time.
        title: of a PDF.
        dpi: of a PNG.

    Raises:
        FormatError: another suffix.
        OSError: a path that cannot be written to.
    """
    if take_suffix(Path(path), FIGURE_SUFFIXES, kind="figure") == ".png":
        drawn = [imread(io.BytesIO(png(figure, dpi=dpi))) for figure in figures]
        wide = max(one.shape[1] for one in drawn)
        padded = [np.pad(one, ((0, 0), (0, wide - one.shape[1]), (0, 0)), constant_values=1) for one in drawn]
        with whole_as_named(path) as part:
            imsave(part, np.concatenate(padded), format="png", dpi=dpi)
        return
    about = {"Title": title, "Creator": "fhr", "CreationDate": None}  # no date: same bytes every time
    with whole_as_named(path) as part, PdfPages(part, metadata=about) as pdf:
        for figure in figures:
            pdf.savefig(figure)
