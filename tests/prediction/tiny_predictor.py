"""A predictor of one untrained tiny network, for tests that need no trained one."""

import torch

from fhr.features import FeatureScaling, FeatureSet
from fhr.models import CheckpointCard, InceptionNet
from fhr.prediction import Predictor
from fhr.preprocessing import Pipeline


def tiny_predictor(seed: int, pipeline: Pipeline, features: FeatureSet | None = None, **facts: object) -> Predictor:
    """The network of a seed behind a pipeline; `facts` are further fields of its checkpoint card."""
    torch.manual_seed(seed)
    n = len(features.names) if features else 0
    network = InceptionNet(n_filters=2, kernel_sizes=(3, 9), depth=2, stride=4, n_features=n)
    if features:
        network.take_scaling(FeatureScaling((0.0,) * n, (1.0,) * n))
    card = CheckpointCard(
        network=network.specification,
        pipeline=pipeline.to_dict(),
        target="ph<7.20",
        prevalence=0.3,
        learnt_from=(),
        data="d",
        splits="s",
        fold=(0, 0, 0),
        epochs=1,
        version="0",
        features={"set": features.to_dict(), "checksum": features.checksum} if features else None,
        **facts,
    )
    return Predictor([(card, network.eval())])
