"""Embedding of windows by the models of a run, for `fhr.similar`: pooled features of networks, or groups of a line."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from fhr.datasets import told_of_use
from fhr.errors import CheckpointError
from fhr.models import ArrayModel, Fusion
from fhr.preprocessing import DEFAULT_STEPS, Pipeline
from fhr.similarity import Embedding, LabourWindows
from fhr.similarity.named_embeddings import of_feature_set

from .predictor import Predictor

if TYPE_CHECKING:
    from fhr.models import Network

    from .false_signal import FalseSignalPredictor

__all__ = ["network_embedding"]

_FS = 4.0  # Hz of windows, so that gaps are bridged and counted as in training
_ENDS = ("head", "scaling_of_features")  # what stands behind the pooled features


def network_embedding(predictor: "Predictor | FalseSignalPredictor", *, minutes: float | None = None) -> Embedding:
    """The embedding that the models of a run give of any window.

    Networks give their pooled features, those of several members one behind the other, since no coordinate of one has
    a meaning in another; members that differ in their heads alone count once. A window is prepared as the run prepares
    its own, but for the cleaning, which is that of all windows. A kernel line, which has no features of its own, gives
    the groups of features that it reads, each a block, without covariates.

    Args:
        predictor: of `fhr.load`.
        minutes: length of the windows; None for that of the run.

    Raises:
        CheckpointError: a network that pools no features, named; or one that says nothing of a labour.

    Example:
        `fhr.similar(query, folder, embedding=network_embedding(fhr.load(run)), minutes=60)`
    """
    if not isinstance(predictor, Predictor):
        raise CheckpointError("a network of single samples has no features of a labour; name a run of a classification")
    if any(isinstance(one, Fusion) for one in predictor.networks):
        raise CheckpointError(
            "a fusion of several models has no one set of features; take a run of one of its families"
        )
    networks = [one for one in predictor.networks if not isinstance(one, ArrayModel | Fusion)]
    if not networks:
        features = predictor.features
        assert features is not None  # a model of arrays has nothing else to read
        taken = replace(features, minutes=features.minutes if minutes is None else minutes, covariates=())
        return of_feature_set(f"features of {type(predictor.networks[0]).__name__}", taken)
    if lacking := sorted({type(one).__name__ for one in networks if not hasattr(one, "embed")}):
        raise CheckpointError(
            f"{', '.join(lacking)} pools no features that could be compared; take a run of a fhr.models.Trunk, such as "
            "InceptionNet, or compare by --embedding"
        )
    pipeline = predictor.pipeline
    of = pipeline.minutes if minutes is None else minutes
    distinct = {_digest(one): one for one in networks}
    fs = _FS if (_FS / pipeline.fs).is_integer() else pipeline.fs
    learnt_from: frozenset[str] = frozenset().union(*(card.seen for card in predictor.cards))
    kinds = [getattr(one, "embedded_blocks", ()) for one in distinct.values()]
    return Embedding(
        partial(_pooled, networks=list(distinct.values()), pipeline=pipeline, learnt_from=learnt_from),
        name=f"pooled features of {type(networks[0]).__name__}",
        fs=fs,
        blocks=tuple(size for sizes in kinds for size in sizes) if all(kinds) else (),
        settings=(("weights", sorted(distinct)), ("pipeline", pipeline.to_dict())),
        learnt_from=learnt_from,
        minutes=of,
        notes=tuple(_notes(predictor, len(distinct), of)),
    )


def _pooled(
    windows: LabourWindows, networks: "Sequence[Network]", pipeline: Pipeline, learnt_from: frozenset[str]
) -> np.ndarray:
    from fhr.models import embed_windows  # torch

    from .network_scores import fitting

    told_of_use(lambda: learnt_from, f"the embedding of {type(networks[0]).__name__}")
    fhr, uc = (windows.signal[:, windows.channels.index(name)] for name in ("fhr", "uc"))
    signal = np.stack([pipeline.input(a, b, windows.fs) for a, b in zip(fhr, uc, strict=True)])
    with fitting(*networks):
        return np.concatenate([embed_windows(network, signal) for network in networks], axis=1)


def _digest(network: "Network") -> str:
    """SHA-256 of the weights that the pooled features depend on."""
    total = hashlib.sha256()
    for name, value in network.state_dict().items():
        if name.partition(".")[0] not in _ENDS:
            total.update(name.encode())
            total.update(value.detach().cpu().contiguous().numpy().tobytes())
    return total.hexdigest()


def _notes(predictor: Predictor, members: int, minutes: float) -> list[str]:
    pipeline, said = predictor.pipeline, []
    if members > 1:
        said.append(f"the features of {members} networks stand one behind the other")
    if pipeline.steps != DEFAULT_STEPS:
        said.append("the run cleans the heart rate by other steps than those of the windows that are compared")
    if minutes != pipeline.minutes:
        said.append(f"its networks learnt from windows of {pipeline.minutes:g} min, not {minutes:g}")
    if predictor.features is not None:
        said.append("its networks also take features beside the signal, which are not compared")
    return said
