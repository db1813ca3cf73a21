"""Coverage of conformal sets: its statement for a reader, and the records that it takes."""

from dataclasses import dataclass
from math import ceil, floor

from fhr.errors import FHRError

__all__ = ["SLACK", "CoverageStatement", "check_records", "ranks_left_out", "records_needed"]

SLACK = 1e-9  # 1 - 0.9 is a little less than 0.1


@dataclass(frozen=True)
class CoverageStatement:
    """Statement on the coverage of the sets of one class.

    Attributes:
        label: the class, 0 or 1.
        alpha: the share of misses that was asked for.
        n_calibration: calibration records of the class.
        n_folds: 1, or the number of folds of a cross-conformal predictor.
        guaranteed: lower bound on the probability that a set holds the class, over calibration samples and new records.
        expected: that probability where scores have no ties, 1 - floor(alpha (n + 1)) / (n + 1); without proof for
            several folds.
        low: 5th percentile of the coverage given the calibration sample; NaN for several folds.
        high: 95th percentile of the same.
    """

    label: int
    alpha: float
    n_calibration: int
    n_folds: int
    guaranteed: float
    expected: float
    low: float
    high: float

    def text(self, outcome: str) -> str:
        """One sentence for a reader; `outcome` names class 1, such as "ph<7.05"."""
        births = f"Of births like these {'with' if self.label else 'without'} {outcome}"
        if self.n_folds == 1:
            return (
                f"{births}, at least {1 - self.alpha:.0%} get a set that holds the truth, on average over calibration "
                f"samples; with these {self.n_calibration} calibration records the share itself lies between "
                f"{self.low:.0%} and {self.high:.0%} with 90% probability."
            )
        return (
            f"{births}, about {1 - self.alpha:.0%} are expected to get a set that holds the truth; proven is only "
            f"at least {self.guaranteed:.0%}, with {self.n_calibration} calibration records in {self.n_folds} folds."
        )


def records_needed(alpha: float) -> int:
    """Number of calibration records that a class needs for sets at `alpha` to ever leave it out: ceil(1 / alpha) - 1.

    Raises:
        FHRError: alpha not in (0, 1).

    Example:
        >>> records_needed(0.05)
        19
    """
    if not 0 < alpha < 1:
        raise FHRError(f"alpha={alpha} is not in (0, 1); give the share of misses allowed, 0.1 for sets at 90%")
    return ceil(1 / alpha - SLACK) - 1


def check_records(n_calibration: tuple[int, int], alpha: float) -> None:
    """Refuse sets that could say nothing: fewer than `records_needed` calibration records of a class.

    Raises:
        FHRError: too few of a class, or alpha not in (0, 1).
    """
    needed = records_needed(alpha)
    for label, n in enumerate(n_calibration):
        if n < needed:
            raise FHRError(
                f"{n} calibration records of class {label} are too few for sets at {1 - alpha:.4g}: at least {needed} "
                f"are needed; ask for a level of at most {n / (n + 1):.4g}, or calibrate on more records"
            )


def ranks_left_out(alpha: float, n: int) -> int:
    """Number of the n + 1 ranks of a new record among n of its class at which the set leaves the class out."""
    return floor(alpha * (n + 1) + SLACK)
