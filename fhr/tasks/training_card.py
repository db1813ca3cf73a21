"""The card of a checkpoint, made from a network and the facts of the data that it was trained on."""

from collections.abc import Mapping
from typing import Any

import fhr
from fhr.datasets import Database
from fhr.models import CheckpointCard
from fhr.recording import Heritage

from .data_facts import DataFacts

__all__ = ["checkpoint_card"]


def checkpoint_card(
    network: Mapping[str, Any],
    facts: DataFacts,
    *,
    kind: str,
    epochs: int,
    calibrator: Mapping[str, Any] | None = None,
    heritage: Heritage | None = None,
) -> CheckpointCard:
    """The card of a network that was trained on these data; nothing is read but the arguments.

    Args:
        network: its specification, see `fhr.models.Network.specification`.
        facts: of the data.
        kind: of the task, such as `classification`.
        epochs: how many the weights were trained for.
        calibrator: what the training ended with, in plain types, or None.
        heritage: what the weights had learnt from before this training; what they learn now is added to it.
    """
    names = facts.learnt_from
    records = {name for fold in facts.splits.folds[0] for name in fold}  # what is drawn beside them has no prevalence
    digests = Database((facts.recordings[n] for n in names), origin=facts.origin).digests
    learnt = (heritage or Heritage()) | Heritage(digests, facts.learnt_composition)
    return CheckpointCard(
        kind=kind,
        network=network,
        pipeline=facts.pipeline.to_dict(),
        target=facts.target,
        prevalence=float(facts.labels.loc[[name for name in names if name in records]].mean()),
        learnt_from=learnt.learnt_from,
        data=facts.data_checksum,
        splits=facts.splits.checksum,
        fold=facts.fold,
        epochs=epochs,
        calibrator=calibrator,
        version=fhr.__version__,
        features={"set": f.to_dict(), "checksum": f.checksum} if (f := facts.features) else None,
        **({} if (made := learnt.composition).all_measured else made.plain()),
    )
