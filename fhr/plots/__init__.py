"""Figures: each function returns a `Figure` of its own, which notebooks show, and leaves pyplot's state alone."""

from .card_figure import confidence_card
from .ctg_plotly import ctg_interactive
from .ctg_sheets import ctg_pages
from .ctg_strip import ctg
from .ctg_write import write_ctg
from .decision_curve import net_benefit
from .figure import Figure
from .figure_pages import write_figures
from .flip_strips import flip_strips
from .kinds_overview import BestSplit, kinds_overview
from .precision_recall_curve import precision_recall
from .recalibration_curve import recalibration
from .reliability_diagram import reliability
from .risk_coverage_curve import risk_coverage
from .risk_timeline import timeline
from .roc import roc_curve
from .roc_of_models import compare_curves
from .scale_diagram import logscale_diagram
from .scores_of_classes import score_by_class
from .signal_strips import strips
from .similar_strips import similar_strips
from .size_curve import SizeCurve, size_curves_figure
from .spectrum import singularity_spectrum
from .spread_and_error import spread_against_error
from .told_strips import ToldStrip, told_strips

__all__ = [
    "BestSplit",
    "Figure",
    "SizeCurve",
    "ToldStrip",
    "compare_curves",
    "confidence_card",
    "ctg",
    "ctg_interactive",
    "ctg_pages",
    "flip_strips",
    "kinds_overview",
    "logscale_diagram",
    "net_benefit",
    "precision_recall",
    "recalibration",
    "reliability",
    "risk_coverage",
    "roc_curve",
    "score_by_class",
    "similar_strips",
    "singularity_spectrum",
    "size_curves_figure",
    "spread_against_error",
    "strips",
    "timeline",
    "told_strips",
    "write_ctg",
    "write_figures",
]
