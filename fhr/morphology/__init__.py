"""Clinical morphology: baseline, accelerations, decelerations, contractions, variability, FIGO and NICHD categories."""

from .bandwidth import bandwidths
from .category import Category, Criterion
from .contraction_rate import Tachysystole, tachysystole
from .contractions import UncertainActivity, find_contractions, uncertain_activity
from .event_columns import LISTED_COLUMNS, SUMMARY_COLUMNS, THRESHOLD_COLUMNS
from .events import Events
from .false_stretches import FALSE_REASONS, FalseStretches, false_stretches, signal_notes
from .figo_2015 import figo
from .findings import Found, find, find_each
from .kinds_of_deceleration import DecelerationKinds, deceleration_kinds
from .morphology import Morphology
from .nichd_2008 import nichd
from .recording_analysis import analyze
from .segments import Segments, find_segments
from .sinusoidal import find_sinusoidal
from .table_of_events import EVENT_COLUMNS, event_list, summary
from .thresholds import thresholds
from .variability import Variation, dawes_redman, variation

__all__ = [
    "EVENT_COLUMNS",
    "FALSE_REASONS",
    "LISTED_COLUMNS",
    "SUMMARY_COLUMNS",
    "THRESHOLD_COLUMNS",
    "Category",
    "Criterion",
    "DecelerationKinds",
    "Events",
    "FalseStretches",
    "Found",
    "Morphology",
    "Segments",
    "Tachysystole",
    "UncertainActivity",
    "Variation",
    "analyze",
    "bandwidths",
    "dawes_redman",
    "deceleration_kinds",
    "event_list",
    "false_stretches",
    "figo",
    "find",
    "find_contractions",
    "find_each",
    "find_segments",
    "find_sinusoidal",
    "nichd",
    "signal_notes",
    "summary",
    "tachysystole",
    "thresholds",
    "uncertain_activity",
    "variation",
]
