"""Figures: each function returns a `matplotlib.figure.Figure` of its own and leaves pyplot's state alone."""

from .compare_curves import compare_curves
from .confidence_card import confidence_card
from .ctg import ctg
from .ctg_interactive import ctg_interactive
from .ctg_pages import ctg_pages
from .ctg_write import write_ctg
from .logscale_diagram import logscale_diagram
from .net_benefit import net_benefit
from .precision_recall import precision_recall
from .reliability import reliability
from .risk_coverage import risk_coverage
from .roc import roc_curve
from .score_by_class import score_by_class
from .singularity_spectrum import singularity_spectrum
from .spread_against_error import spread_against_error
from .strips import strips
from .timeline import timeline

__all__ = [
    "compare_curves",
    "confidence_card",
    "ctg",
    "ctg_interactive",
    "ctg_pages",
    "logscale_diagram",
    "net_benefit",
    "precision_recall",
    "reliability",
    "risk_coverage",
    "roc_curve",
    "score_by_class",
    "singularity_spectrum",
    "spread_against_error",
    "strips",
    "timeline",
    "write_ctg",
]
