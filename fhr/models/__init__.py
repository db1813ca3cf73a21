"""Networks: plain torch; (batch, channel, time) and features in, scores (batch, n_outputs), or of every sample, out."""

from .checkpoint import FORMAT, CheckpointCard, finish_checkpoint, read_checkpoint
from .false_signal import FalseSignalNet
from .inception import InceptionNet
from .linear_features import LinearFeatures
from .network import Network, completed, rebuild
from .pooling import MaskedMeanStd

__all__ = [
    "FORMAT",
    "CheckpointCard",
    "FalseSignalNet",
    "InceptionNet",
    "LinearFeatures",
    "MaskedMeanStd",
    "Network",
    "completed",
    "finish_checkpoint",
    "read_checkpoint",
    "rebuild",
]
