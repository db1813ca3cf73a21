"""Search over settings: which to try next, from those that were tried and their scores (Optuna, an extra).

The next settings are a function of the space, the seed and what was tried, and of nothing else: a search that was
stopped goes on as if it had not been.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from fhr.compute import seed_of
from fhr.errors import FHRError

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

__all__ = ["Choices", "Range", "Tried", "next_settings"]

_ATTEMPTS = 50  # at settings that were not tried yet
_DIGITS = 4  # of a number between two bounds: more say nothing, and stand in commands


@dataclass(frozen=True)
class Range:
    """Numbers between two bounds, both included; whole ones where both bounds and the step are.

    Args:
        low: least value.
        high: largest value.
        log: draw evenly in the logarithm.
        step: between neighbouring values, counted from `low`; None for any number, or every whole one.

    Raises:
        FHRError: bounds that are no finite numbers or in the wrong order, a logarithm of what is not positive, a step
            that is not, one beside `log`, or one that does not lead to `high`.
    """

    low: float
    high: float
    log: bool = False
    step: float | None = None

    def __post_init__(self) -> None:
        for name, value in (("low", self.low), ("high", self.high), ("step", self.step)):
            if value is None and name == "step":
                continue
            if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
                raise FHRError(f"{name}: {value!r} is no number; give one")
        if not isinstance(self.log, bool):
            raise FHRError(f"log: {self.log!r}; give true or false")
        if self.low >= self.high:
            raise FHRError(f"low: {self.low} is not below high: {self.high}; give the smaller one first")
        if self.log and self.low <= 0:
            raise FHRError(f"log: true with low: {self.low}; a logarithm needs bounds above 0")
        if self.step is not None and (self.step <= 0 or self.log):
            raise FHRError(f"step: {self.step}{' beside log: true' if self.log else ''}; give a step above 0, or none")
        if self.step is not None:
            last = self.low + math.floor((self.high - self.low) / self.step + 1e-9) * self.step
            if not math.isclose(last, self.high, rel_tol=1e-9, abs_tol=1e-9 * self.step):
                raise FHRError(
                    f"step: {self.step} from low: {self.low} does not meet high: {self.high}; give high: "
                    f"{last:.12g}, or another step"
                )

    @property
    def is_whole(self) -> bool:
        """True where the values are whole numbers."""
        return all(isinstance(value, int) for value in (self.low, self.high, 1 if self.step is None else self.step))

    def distribution(self) -> "BaseDistribution":
        """The range in Optuna's terms."""
        from optuna.distributions import FloatDistribution, IntDistribution

        if self.is_whole:
            return IntDistribution(int(self.low), int(self.high), log=self.log, step=int(self.step or 1))
        return FloatDistribution(self.low, self.high, log=self.log, step=self.step)

    def rounded(self, value: float) -> float:
        """The value with few digits, within the bounds."""
        if self.is_whole:
            return value
        if self.step is not None:
            return _plain(value)
        return min(max(float(f"{value:.{_DIGITS}g}"), self.low), self.high)


def _plain(value: float) -> float:
    """A sum of steps without the last digits of its rounding."""
    return float(f"{value:.12g}")


@dataclass(frozen=True)
class Choices:
    """Some values, each as likely as the others at first.

    Args:
        values: texts.

    Raises:
        FHRError: fewer than two, or one twice.
    """

    values: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(self.values) < 2:
            raise FHRError(f"{len(self.values)} choices; give two or more, or a setting that does not change")
        if twice := [value for value in self.values if self.values.count(value) > 1]:
            raise FHRError(f"{twice[0]} stands twice among the choices; leave one out")

    def distribution(self) -> "BaseDistribution":
        """The choices in Optuna's terms."""
        from optuna.distributions import CategoricalDistribution

        return CategoricalDistribution(self.values)

    def rounded(self, value: str) -> str:
        """The value as it is."""
        return value


class Tried(NamedTuple):
    """Settings that were tried.

    Attributes:
        settings: value by name.
        score: the larger the better; None where it failed.
    """

    settings: Mapping[str, Any]
    score: float | None


def next_settings(space: Mapping[str, Range | Choices], tried: Sequence[Tried], seed: int) -> dict[str, Any] | None:
    """Draw settings that were not tried yet: the first ten at random, then by the tree-structured Parzen estimator.

    Bergstra J, Bardenet R, Bengio Y, Kégl B. Algorithms for hyper-parameter optimization. NeurIPS 2011.

    Args:
        space: range or choices of each setting, by name.
        tried: in order; all of them count for the seed, those with a score for the estimator.
        seed: of the search.

    Returns:
        Value by name, or None where nothing new was found: a small space was tried out.

    Raises:
        FHRError: Optuna is not installed.
    """
    try:
        import optuna
    except ImportError:
        raise FHRError("a sweep needs Optuna; `pip install 'intrapartum-fhr[sweep]'`") from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = optuna.samplers.TPESampler(seed=seed_of(seed, "settings of a sweep", len(tried)))
    study = optuna.create_study(direction="maximize", sampler=sampler)
    distributions = {name: one.distribution() for name, one in space.items()}
    known = [dict(one.settings) for one in tried]
    for one in tried:
        if one.score is not None:
            made = optuna.trial.create_trial(params=dict(one.settings), distributions=distributions, value=one.score)
            study.add_trial(made)
    for _ in range(_ATTEMPTS):
        drawn = study.ask(distributions).params
        settings = {name: one.rounded(drawn[name]) for name, one in space.items()}
        if settings not in known:
            return settings
    return None
