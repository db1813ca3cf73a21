"""Checks of the checkpoints that a predictor is given: their kind, and whether they hold together."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from fhr.errors import CheckpointError, FHRError
from fhr.formats.files.regular_file import cut
from fhr.models import CheckpointCard

__all__ = ["check_kind", "of_checkpoint"]


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
        raise CheckpointError(f"the checkpoint does not hold together: {cut(str(error))}; train anew") from None
