"""Changes of a trace that would change the verdict: threats, attacks, certificates."""

from .attacks import BY_GRADIENT, attack
from .certificates import Certificate
from .certify import certify
from .challenge import Challenge, challenge
from .deformation import WarpedWindow, warp_bounds, warped_scores
from .deformation_constants import deformation_bound, exchange_constant
from .error_certificates import BOUNDED_BY_SLOPE, error_certificate, member_slopes, members_moved
from .feature_bounds import feature_bounds
from .flips import Flips
from .interval_certificates import BOUNDED_BY_INTERVALS, interval_certificate
from .kernel_bounds import kernel_bounds, kernel_certificate, score_bounds
from .layer_bound import layer_bound
from .lipschitz_bound import lipschitz_bound
from .loss_changes import WRONG_RATES, mothers_rate_of, stretch, with_loss, with_wrong_rate
from .one_parameter import enumerated_certificate, offset_certificate, reads_activity, uc_gain_certificate
from .randomized_smoothing import SmoothedVerdicts, smoothed_verdicts
from .reader import FeatureReader, NetworkReader, Reader, Verdicts, reader_of
from .sensor_changes import quantised, with_error, with_gain, with_offset
from .sheet import Sheet, robustness_sheet
from .sheet_columns import COLUMNS, SHORT_COLUMNS, THREAT_COLUMNS, WORST_COLUMNS
from .size_curves import size_curves, size_for_half
from .stretch_votes import StretchVotes, stretch_votes
from .threats import THREATS, Threat, threat_of, warp_threat
from .time_changes import SLOPE, feasible_delay, shifted, warped
from .traces import Traces
from .unseen import by_unseen_models
from .warp_certificate import warp_certificate
from .window_sheet import ChangedStrip, WindowSheet, window_sheet
from .worst_scores import worst_scores

__all__ = [
    "BOUNDED_BY_INTERVALS",
    "BOUNDED_BY_SLOPE",
    "BY_GRADIENT",
    "COLUMNS",
    "SHORT_COLUMNS",
    "SLOPE",
    "THREATS",
    "THREAT_COLUMNS",
    "WORST_COLUMNS",
    "WRONG_RATES",
    "Certificate",
    "Challenge",
    "ChangedStrip",
    "FeatureReader",
    "Flips",
    "NetworkReader",
    "Reader",
    "Sheet",
    "SmoothedVerdicts",
    "StretchVotes",
    "Threat",
    "Traces",
    "Verdicts",
    "WarpedWindow",
    "WindowSheet",
    "attack",
    "by_unseen_models",
    "certify",
    "challenge",
    "deformation_bound",
    "enumerated_certificate",
    "error_certificate",
    "exchange_constant",
    "feasible_delay",
    "feature_bounds",
    "interval_certificate",
    "kernel_bounds",
    "kernel_certificate",
    "layer_bound",
    "lipschitz_bound",
    "member_slopes",
    "members_moved",
    "mothers_rate_of",
    "offset_certificate",
    "quantised",
    "reader_of",
    "reads_activity",
    "robustness_sheet",
    "score_bounds",
    "shifted",
    "size_curves",
    "size_for_half",
    "smoothed_verdicts",
    "stretch",
    "stretch_votes",
    "threat_of",
    "uc_gain_certificate",
    "warp_bounds",
    "warp_certificate",
    "warp_threat",
    "warped",
    "warped_scores",
    "window_sheet",
    "with_error",
    "with_gain",
    "with_loss",
    "with_offset",
    "with_wrong_rate",
    "worst_scores",
]
