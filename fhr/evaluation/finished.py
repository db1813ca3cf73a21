"""A finished outer fold: its raw scores, the calibrator they give, and its networks ready to predict."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from fhr.calibration import Reference
from fhr.calibration.typicality import UC_STATISTICS
from fhr.datasets import FittedNetwork

from .cross_fitting import cross_fit

__all__ = ["FinishedFold", "finish_fold", "network_file"]


@dataclass(frozen=True)
class FinishedFold:
    """Outer fold as a store keeps it.

    Attributes:
        repeat: of the outer folds.
        fold: outer fold.
        raw: scores of every model, see `RAW_COLUMNS`; with `family` where there were several.
        calibrator: in plain types.
        networks: finished checkpoints of its models by file name, with calibrator and reference in them.
        device: that the networks were trained on; empty where there are none.
        metrics: name, value and position of the network, for each number of a training.
        made_by: source and libraries that fitted it, see `trained_by`; empty where that is not known.
    """

    repeat: int
    fold: int
    raw: pd.DataFrame
    calibrator: Mapping[str, Any]
    networks: Mapping[str, bytes] = field(default_factory=dict)
    device: str = ""
    metrics: tuple[tuple[str, float, int], ...] = ()
    made_by: str = ""


def network_file(repeat: int, fold: int, inner: int, member: int | None = None, *, suffix: str = ".ckpt") -> str:
    """Name of the file of one model; `member` where there are several, `suffix` by its kind."""
    return f"repeat{repeat}-fold{fold}-inner{inner}{'' if member is None else f'-member{member}'}{suffix}"


def finish_fold(
    raw: pd.DataFrame,
    scores: pd.DataFrame,
    labels: pd.Series,
    *,
    target: str,
    networks: Sequence[FittedNetwork] = (),
    statistics: pd.DataFrame | None = None,
    out_of_fold: bool = True,
) -> FinishedFold:
    """Calibrate an outer fold, and put into each of its networks what a prediction rests on.

    Args:
        raw: what is kept, with `RAW_COLUMNS`, and `family` where there are several.
        scores: the scores that are calibrated: `raw`, or the combination of its families.
        labels: 0 or 1 by record name.
        target: the label with its inequality.
        networks: of this fold.
        statistics: of the records, by name, see `fhr.calibration.typical_statistics`; needed with networks.
        out_of_fold: False writes into the networks that their cross-validation is not.

    Raises:
        SplitError: as `cross_fit`.
        FHRError: too few records to calibrate on.
    """
    prediction = cross_fit(scores, labels)
    calibrator, repeat, fold = prediction.calibrator, int(raw["repeat"].iloc[0]), int(raw["fold"].iloc[0])
    finished: dict[str, bytes] = {}
    if networks:
        from fhr.models import checkpoint_suffix, finish_checkpoint, read_checkpoint

        learnt_from = sorted(set(prediction.held_out["name"]))
        typical = pd.DataFrame() if statistics is None else statistics.loc[learnt_from]
        several = any(network.member for network in networks)
        with tempfile.TemporaryDirectory() as temporary:
            suffixes = [checkpoint_suffix(network.checkpoint) for network in networks]
            drafts = [Path(temporary) / f"draft{i}{suffix}" for i, suffix in enumerate(suffixes)]
            for draft, network in zip(drafts, networks, strict=True):
                draft.write_bytes(network.checkpoint)
            cards = [read_checkpoint(draft)[0] for draft in drafts]
            calibrator.bind(label=target, model=[card.procedure for card in cards])
            if "uc" not in cards[0].pipeline.get("channels", ()):  # it matters to no answer
                typical = typical.drop(columns=list(UC_STATISTICS), errors="ignore")
            reference = Reference.of(prediction.held_out, labels, typical, calibrator, prediction.between).to_dict()
            for draft, suffix, network in zip(drafts, suffixes, networks, strict=True):
                path = finish_checkpoint(
                    draft,
                    calibrator.to_dict(),
                    Path(temporary) / f"finished{suffix}",
                    confidence=reference,
                    member=network.member,
                    target=target,
                    prevalence=float(labels.loc[learnt_from].mean()),
                    out_of_fold=out_of_fold,
                    ranking={},  # of another label, where the networks are of another run
                )
                member = network.member if several else None
                name = network_file(repeat, fold, network.inner, member, suffix=suffix)
                finished[name] = path.read_bytes()
    metrics = [(name, value, i) for i, network in enumerate(networks) for name, value in network.metrics.items()]
    device = networks[0].device if networks else ""
    return FinishedFold(repeat, fold, raw, calibrator.to_dict(), finished, device, tuple(metrics))
