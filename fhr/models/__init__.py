"""Networks: plain torch, (batch, channel, time) in, scores (batch, n_outputs) out."""

from .checkpoint import FORMAT, CheckpointCard, read_checkpoint, with_calibrator
from .inception import InceptionNet
from .network import Network, rebuild
from .pooling import MaskedMeanStd

__all__ = ["FORMAT", "CheckpointCard", "InceptionNet", "MaskedMeanStd", "Network", "read_checkpoint", "rebuild", "with_calibrator"]
