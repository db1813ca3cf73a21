"""Clinical morphology: baseline, accelerations, decelerations, contractions, variability, FIGO and NICHD categories."""

from .analyze import analyze
from .category import Category, Criterion
from .contractions import UncertainActivity, find_contractions, uncertain_activity
from .deceleration_kinds import DecelerationKinds, deceleration_kinds
from .event_list import EVENT_COLUMNS, event_list, summary
from .events import Events
from .figo import figo
from .find import Found, find
from .morphology import Morphology
from .nichd import nichd
from .segments import Segments, find_segments
from .sinusoidal import find_sinusoidal
from .tachysystole import Tachysystole, tachysystole
from .variation import Variation, bandwidths, variation

__all__ = [
    "EVENT_COLUMNS",
    "Category",
    "Criterion",
    "DecelerationKinds",
    "Events",
    "Found",
    "Morphology",
    "Segments",
    "Tachysystole",
    "UncertainActivity",
    "Variation",
    "analyze",
    "bandwidths",
    "deceleration_kinds",
    "event_list",
    "figo",
    "find",
    "find_contractions",
    "find_segments",
    "find_sinusoidal",
    "nichd",
    "summary",
    "tachysystole",
    "uncertain_activity",
    "variation",
]
