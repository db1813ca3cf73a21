"""Abstention: the limits beyond which a prediction should not be relied on."""

from collections.abc import Iterator
from dataclasses import dataclass

from fhr.errors import FHRError

from .card_words import loss_words
from .levels import LEVELS
from .prediction import Prediction

__all__ = ["Abstention"]


@dataclass(frozen=True)
class Abstention:
    """The limits within which a prediction may be relied on; passing one of them is a reason to abstain.

    A field of the prediction that was not computed gives no reason: where there are too few records for a conformal
    set, the others decide. Reasons without a limit: the 95% interval of the model's AUROC holds 0.5 or lies below it;
    its calibrator gives all births about the same probability; it learnt from records of another kind (measured,
    simulated, ...) than this one; set and decision disagree.

    Attributes:
        level: the conformal set at this level holds both outcomes (the score does not tell) or neither (it is unlike
            those of either outcome).
        loss: more than this fraction of the window's fetal heart rate is missing.
        distance: fewer than this fraction of the training records are as far from the others, or none of them where
            they are too few to tell (below 99 for a hundredth); 0 for no such reason.
        flip_rate: two averages of as many networks would disagree on the decision more often than this. The rate is
            coarse where there are few networks: four of them have three ways of being halved.
        referral: what leaving the answer to a clinician costs, where missing a birth with the label costs 1; None for
            no such reason. The prediction abstains where the better of the two answers, min(p, (1 - p) false_alarm),
            is expected to cost more.
        false_alarm: what acting on a birth without the label costs, in the same unit.

    Raises:
        FHRError: a level that no set is made for, or another limit outside [0, 1].

    Source:
        Expected cost: Chow 1970, IEEE Trans. Inf. Theory 16:41, doi:10.1109/TIT.1970.1054406.
    """

    level: float = 0.90
    loss: float = 0.5
    distance: float = 0.01
    flip_rate: float = 0.2
    referral: float | None = None
    false_alarm: float = 0.1

    def __post_init__(self) -> None:
        if self.level not in LEVELS:
            raise FHRError(f"abstention with level={self.level}; choose from {', '.join(map(str, LEVELS))}")
        for name in ("loss", "distance", "flip_rate", "referral", "false_alarm"):
            if getattr(self, name) is not None and not 0 <= getattr(self, name) <= 1:
                raise FHRError(f"abstention with {name}={getattr(self, name)}; give a fraction from 0 to 1")

    def is_unlike(self, distance: float | None, least: float | None = None) -> bool:
        """Tell whether a record is too unusual.

        Args:
            distance: see `Prediction`.
            least: see `Prediction.least_distance`.
        """
        if distance is None or self.distance == 0:
            return False
        return distance < self.distance or (least is not None and distance <= least * (1 + 1e-9))

    def reasons(self, prediction: Prediction) -> Iterator[str]:
        """The reasons not to rely on this prediction, in words; those that lie in the model first."""
        if prediction.model is not None:
            yield from prediction.model.reasons(prediction.kind)
        held = (prediction.sets or {}).get(self.level)
        if held is not None and len(held) > 1:
            yield f"neither outcome can be ruled out at {self.level:.0%}"
        elif held == ():
            yield f"the score is unlike those of either outcome at {self.level:.0%}"
        elif (
            held is not None and prediction.decision is not None and (prediction.target in held) != prediction.decision
        ):
            side = "at or above" if prediction.decision else "below"
            yield f"{side} the threshold, but what is not ruled out at {self.level:.0%} is {held[0]}: the two disagree"
        if prediction.loss > self.loss:
            yield loss_words(prediction.loss, prediction.minutes)
        if self.is_unlike(prediction.distance, prediction.least_distance):
            yield "unlike the training records"
        if prediction.flip_rate is not None and prediction.flip_rate > self.flip_rate:
            rate = f"{prediction.flip_rate:.2f}"
            yield f"two averages of as many networks would disagree on the decision with probability {rate}"
        if self.referral is not None and prediction.probability is not None:
            p = prediction.probability
            if (cost := min(p, (1 - p) * self.false_alarm)) > self.referral:
                yield f"either answer is expected to cost {cost:.3f} of a miss, a referral {self.referral:g}"
