"""Networks: plain torch; (batch, channel, time) and features in, scores (batch, n_outputs), or of every sample, out.

Names are imported when they are first used, so that what needs no torch, such as the card of a checkpoint, loads none.
"""

from typing import TYPE_CHECKING

from fhr.compute import late_names

if TYPE_CHECKING:
    from .array_checkpoint import ArrayModel, pack_model
    from .card import FORMAT, RANKINGS, CheckpointCard, ranking_of
    from .checkpoint import (
        checkpoint_suffix,
        finish_checkpoint,
        is_checkpoint,
        read_checkpoint,
        recalibrate_checkpoint,
        with_ranking,
    )
    from .convolution_norms import convolution_norm
    from .ctg_net import CTGNet
    from .embedded_windows import embed_windows
    from .false_signal import FalseSignalNet
    from .feature_scale import FeatureScale, exactest, with_scaling
    from .fusion import Fusion, Scale, pack_fusion
    from .gaussian_ridge_head import GaussianRidgeHead
    from .inception import InceptionNet
    from .inception_time import InceptionTime
    from .kernel_line import FittedKernelLine, KernelLine
    from .kernel_ridge_head import KernelRidgeHead
    from .linear_features import LinearFeatures
    from .linear_line import FittedLinearLine
    from .lipschitz_layers import AOLConv, AOLLinear, MaxMin, SLLConv, SLLLinear
    from .lipschitz_net import LipschitzNet
    from .log_energy_net import LogEnergyNet
    from .multi_resolution import MultiResolutionNet
    from .nested_pooling import NestedPooling
    from .network import Network
    from .on_trunk import DeepKernel, OnTrunk
    from .patch_transformer import PatchTransformer
    from .pooling import MaskedMeanStd
    from .pretrained import take_pretrained
    from .random_convolutions import RandomConvolutions
    from .resnet1d import ResNet1d
    from .ridge_head import RidgeHead
    from .scattering_net import ScatteringNet
    from .sorted_kernel import SortedKernel
    from .sorted_network import SortedNetwork
    from .sorted_pooling import SortedPooling
    from .specification import completed, rebuild
    from .stacked import StackedNetworks, at_once_hindrance
    from .trunk import FeatureSequence, Trunk, validity
    from .window_bags import WindowBags

__all__ = [
    "FORMAT",
    "RANKINGS",
    "AOLConv",
    "AOLLinear",
    "ArrayModel",
    "CTGNet",
    "CheckpointCard",
    "DeepKernel",
    "FalseSignalNet",
    "FeatureScale",
    "FeatureSequence",
    "FittedKernelLine",
    "FittedLinearLine",
    "Fusion",
    "GaussianRidgeHead",
    "InceptionNet",
    "InceptionTime",
    "KernelLine",
    "KernelRidgeHead",
    "LinearFeatures",
    "LipschitzNet",
    "LogEnergyNet",
    "MaskedMeanStd",
    "MaxMin",
    "MultiResolutionNet",
    "NestedPooling",
    "Network",
    "OnTrunk",
    "PatchTransformer",
    "RandomConvolutions",
    "ResNet1d",
    "RidgeHead",
    "SLLConv",
    "SLLLinear",
    "Scale",
    "ScatteringNet",
    "SortedKernel",
    "SortedNetwork",
    "SortedPooling",
    "StackedNetworks",
    "Trunk",
    "WindowBags",
    "at_once_hindrance",
    "checkpoint_suffix",
    "completed",
    "convolution_norm",
    "embed_windows",
    "exactest",
    "finish_checkpoint",
    "is_checkpoint",
    "pack_fusion",
    "pack_model",
    "ranking_of",
    "read_checkpoint",
    "rebuild",
    "recalibrate_checkpoint",
    "take_pretrained",
    "validity",
    "with_ranking",
    "with_scaling",
]

__getattr__, __dir__ = late_names(
    __name__,
    {
        "array_checkpoint": ("ArrayModel", "pack_model"),
        "card": ("FORMAT", "RANKINGS", "CheckpointCard", "ranking_of"),
        "checkpoint": (
            "checkpoint_suffix",
            "finish_checkpoint",
            "is_checkpoint",
            "read_checkpoint",
            "recalibrate_checkpoint",
            "with_ranking",
        ),
        "convolution_norms": ("convolution_norm",),
        "ctg_net": ("CTGNet",),
        "embedded_windows": ("embed_windows",),
        "false_signal": ("FalseSignalNet",),
        "feature_scale": ("FeatureScale", "exactest", "with_scaling"),
        "fusion": ("Fusion", "Scale", "pack_fusion"),
        "gaussian_ridge_head": ("GaussianRidgeHead",),
        "inception": ("InceptionNet",),
        "inception_time": ("InceptionTime",),
        "kernel_line": ("FittedKernelLine", "KernelLine"),
        "kernel_ridge_head": ("KernelRidgeHead",),
        "linear_features": ("LinearFeatures",),
        "linear_line": ("FittedLinearLine",),
        "lipschitz_layers": ("AOLConv", "AOLLinear", "MaxMin", "SLLConv", "SLLLinear"),
        "lipschitz_net": ("LipschitzNet",),
        "log_energy_net": ("LogEnergyNet",),
        "multi_resolution": ("MultiResolutionNet",),
        "nested_pooling": ("NestedPooling",),
        "network": ("Network",),
        "on_trunk": ("DeepKernel", "OnTrunk"),
        "patch_transformer": ("PatchTransformer",),
        "pooling": ("MaskedMeanStd",),
        "pretrained": ("take_pretrained",),
        "random_convolutions": ("RandomConvolutions",),
        "resnet1d": ("ResNet1d",),
        "ridge_head": ("RidgeHead",),
        "scattering_net": ("ScatteringNet",),
        "sorted_kernel": ("SortedKernel",),
        "sorted_network": ("SortedNetwork",),
        "sorted_pooling": ("SortedPooling",),
        "specification": ("completed", "rebuild"),
        "stacked": ("StackedNetworks", "at_once_hindrance"),
        "trunk": ("FeatureSequence", "Trunk", "validity"),
        "window_bags": ("WindowBags",),
    },
)
