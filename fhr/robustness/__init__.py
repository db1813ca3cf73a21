"""Changes of a trace that would change the verdict: threats, attacks, certificates."""

from .certificates import Certificate
from .deformation import WarpedWindow, warp_bounds, warped_scores
from .deformation_constants import deformation_bound, exchange_constant
from .error_certificates import BOUNDED_BY_SLOPE, error_certificate, member_slopes
from .interval_certificates import BOUNDED_BY_INTERVALS, Bounding, interval_certificate
from .layer_bound import layer_bound
from .lipschitz_bound import lipschitz_bound
from .loss_changes import WRONG_RATES, mothers_rate_of, stretch, with_loss, with_wrong_rate
from .reader import FeatureReader, NetworkReader, Reader, Verdicts, reader_of
from .sensor_changes import quantised, with_error, with_gain, with_offset
from .threats import THREATS, Threat, threat_of, warp_threat
from .time_changes import SLOPE, feasible_delay, shifted, warped
from .traces import Traces
from .warp_certificate import warp_certificate

__all__ = [
    "BOUNDED_BY_INTERVALS",
    "BOUNDED_BY_SLOPE",
    "SLOPE",
    "THREATS",
    "WRONG_RATES",
    "Bounding",
    "Certificate",
    "FeatureReader",
    "NetworkReader",
    "Reader",
    "Threat",
    "Traces",
    "Verdicts",
    "WarpedWindow",
    "deformation_bound",
    "error_certificate",
    "exchange_constant",
    "feasible_delay",
    "interval_certificate",
    "layer_bound",
    "lipschitz_bound",
    "member_slopes",
    "mothers_rate_of",
    "quantised",
    "reader_of",
    "shifted",
    "stretch",
    "threat_of",
    "warp_bounds",
    "warp_certificate",
    "warp_threat",
    "warped",
    "warped_scores",
    "with_error",
    "with_gain",
    "with_loss",
    "with_offset",
    "with_wrong_rate",
]
