"""The kept models of several families as one model, of each inner fold and member."""

import logging
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from fhr.datasets import FittedNetwork
from fhr.errors import CheckpointError

from .procedure import Combined

if TYPE_CHECKING:
    from fhr.models import CheckpointCard

__all__ = ["fused"]

_log = logging.getLogger(__name__)


def fused(networks: Sequence[FittedNetwork], combined: Combined) -> tuple[FittedNetwork, ...]:
    """One checkpoint of each inner fold and member, which holds those of all families and what makes them one score.

    Args:
        networks: of one outer fold, one of each family, inner fold and member; none where nothing is kept.
        combined: of the same outer fold.

    Returns:
        None of them, with a line in the log, where they do not belong together, such as networks of two windows.
    """
    if not networks:
        return ()
    from fhr.models import Scale, pack_fusion  # slow to import

    scale = Scale(combined.centre, combined.spread, combined.weights)
    places = sorted({(network.inner, network.member) for network in networks})
    found = []
    for place in places:
        parts = sorted((one for one in networks if (one.inner, one.member) == place), key=lambda one: one.family)
        metrics = {"seconds": sum(part.metrics.get("seconds", 0.0) for part in parts)}
        try:
            content = pack_fusion([_stripped(part) for part in parts], scale)
        except CheckpointError as error:
            _log.warning("no model is kept for predictions: %s", error)
            return ()
        found.append(replace(parts[0], checkpoint=content, family=0, metrics={**parts[0].metrics, **metrics}))
    return tuple(found)


def _stripped(network: FittedNetwork) -> "tuple[CheckpointCard, bytes]":
    """Card and content of a checkpoint without the state of its training."""
    from fhr.models import checkpoint_suffix, finish_checkpoint, read_checkpoint

    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder, f"draft{checkpoint_suffix(network.checkpoint)}")
        draft.write_bytes(network.checkpoint)
        finished = draft.with_stem("finished")
        finish_checkpoint(draft, None, finished, member=network.member, ranking={})
        return read_checkpoint(finished)[0], finished.read_bytes()
