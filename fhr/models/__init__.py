"""Networks: plain torch; (batch, channel, time) and features in, scores (batch, n_outputs), or of every sample, out."""

from .card import FORMAT, RANKINGS, CheckpointCard, ranking_of
from .checkpoint import finish_checkpoint, read_checkpoint, recalibrate_checkpoint, with_ranking
from .ctg_net import CTGNet
from .false_signal import FalseSignalNet
from .feature_scale import FeatureScale, exactest, with_scaling
from .inception import InceptionNet
from .kernel_line import FittedKernelLine, KernelLine
from .linear_features import LinearFeatures
from .network import Network
from .pooling import MaskedMeanStd
from .specification import completed, rebuild
from .stacked import StackedNetworks, at_once_hindrance

__all__ = [
    "FORMAT",
    "RANKINGS",
    "CTGNet",
    "CheckpointCard",
    "FalseSignalNet",
    "FeatureScale",
    "FittedKernelLine",
    "InceptionNet",
    "KernelLine",
    "LinearFeatures",
    "MaskedMeanStd",
    "Network",
    "StackedNetworks",
    "at_once_hindrance",
    "completed",
    "exactest",
    "finish_checkpoint",
    "ranking_of",
    "read_checkpoint",
    "rebuild",
    "recalibrate_checkpoint",
    "with_ranking",
    "with_scaling",
]
