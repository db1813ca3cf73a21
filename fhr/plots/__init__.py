"""Figures: each function returns a `matplotlib.figure.Figure` of its own and leaves pyplot's state alone."""

from .ctg import ctg
from .ctg_interactive import ctg_interactive
from .ctg_pages import ctg_pages
from .ctg_write import write_ctg
from .logscale_diagram import logscale_diagram
from .reliability import reliability
from .roc import roc_curve
from .score_by_class import score_by_class
from .singularity_spectrum import singularity_spectrum
from .strips import strips

__all__ = [
    "ctg",
    "ctg_interactive",
    "ctg_pages",
    "logscale_diagram",
    "reliability",
    "roc_curve",
    "score_by_class",
    "singularity_spectrum",
    "strips",
    "write_ctg",
]
