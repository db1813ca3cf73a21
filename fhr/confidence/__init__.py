"""One birth, judged: its probability, how far to trust it, and the confidence card that says so.

`fhr.load(...)` and out-of-fold tables say of a birth what `Confidence` says of it.
"""

from .abstention import Abstention
from .confidence import Confidence
from .judgement import Judgement
from .levels import LEVELS
from .model_facts import ModelFacts
from .outer_fold import OuterFold
from .prediction import Prediction, to_frame
from .prediction_columns import COLUMNS, PREDICTION_COLUMNS
from .recalibrated import recalibrated
from .stability import Stability

__all__ = [
    "COLUMNS",
    "LEVELS",
    "PREDICTION_COLUMNS",
    "Abstention",
    "Confidence",
    "Judgement",
    "ModelFacts",
    "OuterFold",
    "Prediction",
    "Stability",
    "recalibrated",
    "to_frame",
]
