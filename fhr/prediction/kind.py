"""Which checkpoints a predictor takes."""

from collections.abc import Sequence

from fhr.errors import CheckpointError
from fhr.models import CheckpointCard

__all__ = ["check_kind"]


def check_kind(cards: Sequence[CheckpointCard], kind: str) -> None:
    """Refuse checkpoints of another kind of task.

    Raises:
        CheckpointError: there are some.
    """
    if others := {card.kind for card in cards} - {kind}:
        raise CheckpointError(f"checkpoints of kind {', '.join(sorted(others))} where {kind} is needed; use `fhr.load`")
