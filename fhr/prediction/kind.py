"""Checks of the checkpoints that a predictor is given: their kind, and whether they hold together."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch

from fhr.errors import CheckpointError, FHRError
from fhr.models import CheckpointCard, Network

__all__ = ["check_kind", "fitting", "of_checkpoint"]


def check_kind(cards: Sequence[CheckpointCard], kind: str) -> None:
    """Refuse checkpoints of another kind of task.

    Raises:
        CheckpointError: there are some.
    """
    if others := {card.kind for card in cards} - {kind}:
        raise CheckpointError(f"checkpoints of kind {', '.join(sorted(others))} where {kind} is needed; use `fhr.load`")


@contextmanager
def of_checkpoint() -> Iterator[None]:
    """Blame the checkpoint for what is refused in the block, not what the user gave.

    Raises:
        CheckpointError: for any other `FHRError`.
    """
    try:
        yield
    except CheckpointError:
        raise
    except FHRError as error:
        raise CheckpointError(f"the checkpoint does not hold together: {error}; train anew") from None


@contextmanager
def fitting(*networks: Network) -> Iterator[None]:
    """Networks are given what the card of their checkpoint promises.

    Raises:
        CheckpointError: one cannot take it, or gives something else than scores.
    """
    try:
        yield
    except torch.OutOfMemoryError:
        raise
    except (RuntimeError, IndexError, ValueError, TypeError, ZeroDivisionError) as error:
        names = ", ".join(sorted({type(network).__name__ for network in networks}))
        said = str(error).partition("\n")[0]
        raise CheckpointError(f"{names} cannot take the input that its checkpoint names ({said}); train anew") from None
