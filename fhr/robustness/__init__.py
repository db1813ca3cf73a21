"""Changes of a trace that would change the verdict: threats, attacks, certificates."""

from .loss_changes import WRONG_RATES, mothers_rate_of, stretch, with_loss, with_wrong_rate
from .reader import FeatureReader, NetworkReader, Reader, Verdicts, reader_of
from .sensor_changes import quantised, with_error, with_gain, with_offset
from .threats import THREATS, Threat, threat_of, warp_threat
from .time_changes import SLOPE, feasible_delay, shifted, warped
from .traces import Traces

__all__ = [
    "SLOPE",
    "THREATS",
    "WRONG_RATES",
    "FeatureReader",
    "NetworkReader",
    "Reader",
    "Threat",
    "Traces",
    "Verdicts",
    "feasible_delay",
    "mothers_rate_of",
    "quantised",
    "reader_of",
    "shifted",
    "stretch",
    "threat_of",
    "warp_threat",
    "warped",
    "with_error",
    "with_gain",
    "with_loss",
    "with_offset",
    "with_wrong_rate",
]
