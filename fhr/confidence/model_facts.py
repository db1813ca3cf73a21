"""Facts of a model that a reader of its answers has to know first: how well it ranks, and what it learnt from."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite

from fhr.metrics import Interval
from fhr.recording import Composition

from .stability import Stability

__all__ = ["LEAST_SPAN", "ModelFacts"]

LEAST_SPAN = 0.02
"""Calibrated probabilities that differ by less over the held-out records tell nobody apart."""

_SAID = {
    "held_out_auroc": "on the {n} held-out records of its own fit",
    "out_of_fold_auroc": "on the {n} out-of-fold records of its cross-validation",
}
_NOT_OUT_OF_FOLD = (
    "its cross-validation is not out-of-fold: the network may have learnt from the records that calibration, interval "
    "and sets rest on"
)


@dataclass(frozen=True)
class ModelFacts:
    """Facts of a model: its AUROC, its training records, its calibrator; what its checkpoint does not hold is None.

    Attributes:
        auroc: area under the ROC curve with its 95% interval.
        of: `held_out_auroc`, of the held-out inner fold of a single fit; `out_of_fold_auroc`, pooled over the outer
            folds of a cross-validation.
        n: records behind it.
        learnt: kinds of the records that the model learnt from; None where all were measured, as far as is known.
        span: difference of the largest and the smallest calibrated probability of the held-out records.
        unchecked: channels that the model reads and that are not compared with those of the training records.
        out_of_fold: False where its networks may have learnt from their test and held-out records, see
            `fhr.models.CheckpointCard`.
        stability: of its verdicts, where its run says so.
    """

    auroc: Interval | None = None
    of: str = "held_out_auroc"
    n: int = 0
    learnt: Composition | None = None
    span: float | None = None
    unchecked: tuple[str, ...] = ()
    out_of_fold: bool = True
    stability: Stability | None = None

    @property
    def kinds(self) -> frozenset[str]:
        """Kinds of the records that the model learnt from, see `fhr.recording.Provenance`."""
        return frozenset({"measured"} if self.learnt is None else self.learnt.kinds)

    def words(self) -> Iterator[str]:
        """Every fact, in words."""
        if self.auroc is None:
            yield "how well it ranks is not known: its checkpoint holds no AUROC"
        else:
            value, low, high = self.auroc
            ends = f" (95% interval {low:.2f} to {high:.2f})" if isfinite(low) and isfinite(high) else ""
            yield f"AUROC {value:.2f}{ends} {_SAID[self.of].format(n=self.n)}"
        if self.stability is not None:
            yield self.stability.words
        if self.learnt is None:
            yield "learnt from measured records, as far as is known"
        yield from self.warnings()

    def warnings(self) -> Iterator[str]:
        """The facts that speak against each of its answers."""
        if self.learnt is not None:
            yield f"the network learnt from records that were made: {self.learnt.words}"
        if not self.out_of_fold:
            yield _NOT_OUT_OF_FOLD
        if self.is_flat:
            yield f"its calibrator gives every birth about the same probability (at most {self.span:.1%} apart)"
        for channel in self.unchecked:
            yield f"whether its {channel} is like that of the training records was not checked"

    @property
    def is_flat(self) -> bool:
        """True if the calibrator hardly tells any births apart."""
        return self.span is not None and self.span < LEAST_SPAN

    def reasons(self, kind: str) -> Iterator[str]:
        """Reasons not to rely on any answer about a recording of a kind."""
        if not self.out_of_fold:
            yield _NOT_OUT_OF_FOLD
        if self.auroc is not None and self.auroc.low <= 0.5:
            value, low, high = self.auroc
            ends = f"95% interval {low:.2f} to {high:.2f}"
            yield f"the model may rank no better than chance: AUROC {value:.2f}, {ends}"
        if self.is_flat:
            yield "its calibrator gives every birth about the same probability"
        if kind not in self.kinds:
            yield f"the model learnt from {' and '.join(sorted(self.kinds))} records, this one is {kind}"
