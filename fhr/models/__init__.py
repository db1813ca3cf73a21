"""Networks: plain torch, (batch, channel, time) in, scores (batch, n_outputs) out."""

from .checkpoint import FORMAT, CheckpointCard, finish_checkpoint, read_checkpoint
from .inception import InceptionNet
from .network import Network, rebuild
from .pooling import MaskedMeanStd

__all__ = [
    "FORMAT",
    "CheckpointCard",
    "InceptionNet",
    "MaskedMeanStd",
    "Network",
    "finish_checkpoint",
    "read_checkpoint",
    "rebuild",
]
