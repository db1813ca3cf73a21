"""Outcomes of checks: a row for each, a table of all, and an error that names those that fail."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from fhr.errors import NetworkError

__all__ = ["CheckOutcome", "Checks", "FailedCheckError", "NotJudgedError"]


class FailedCheckError(Exception):
    """A check found a broken promise; the message says which, and what to do."""


class NotJudgedError(Exception):
    """A check has nothing to judge here; the message says why."""


@dataclass(frozen=True)
class CheckOutcome:
    """One check of one network.

    Attributes:
        check: its name.
        passed: True or False; None where it was not judged.
        said: what it found, what to do, or why it was not judged.
    """

    check: str
    passed: bool | None
    said: str


@dataclass(frozen=True, repr=False)
class Checks:
    """All checks of one network, in the order in which they ran.

    Attributes:
        network: its name.
        outcomes: one a check.
    """

    network: str
    outcomes: tuple[CheckOutcome, ...]

    @property
    def failed(self) -> tuple[str, ...]:
        """Names of the checks that fail."""
        return tuple(outcome.check for outcome in self if outcome.passed is False)

    @property
    def passed(self) -> bool:
        """True where no check fails; one that was excluded or not judged does not fail."""
        return not self.failed

    def __iter__(self) -> Iterator[CheckOutcome]:
        return iter(self.outcomes)

    def __getitem__(self, check: str) -> CheckOutcome:
        """The outcome of a check by its name."""
        return {outcome.check: outcome for outcome in self}[check]

    def to_frame(self) -> pd.DataFrame:
        """One row a check: `check`, `passed` (True, False, or NA where not judged) and `said`."""
        columns: dict[str, Any] = {
            "check": [outcome.check for outcome in self],
            "passed": pd.array([outcome.passed for outcome in self], dtype="boolean"),
            "said": [outcome.said for outcome in self],
        }
        return pd.DataFrame(columns)

    def raise_for_failures(self) -> None:
        """Do nothing where no check fails.

        Raises:
            NetworkError: checks fail; it names each with what it found.
        """
        if self.passed:
            return
        found = "; ".join(f"{outcome.check}: {outcome.said}" for outcome in self if outcome.passed is False)
        raise NetworkError(
            f"{self.network} fails {len(self.failed)} of {len(self.outcomes)} checks: {found}; mend the network, or "
            f"exclude a check with your reason: check_network(..., exclude={{'{self.failed[0]}': 'why'}})"
        )

    def __repr__(self) -> str:
        n_passed = sum(outcome.passed is True for outcome in self)
        n_open = len(self.outcomes) - n_passed - len(self.failed)
        width = max((len(outcome.check) for outcome in self), default=0)
        words = {True: "passed", False: "FAILED", None: "-"}
        rows = [f"  {one.check:{width}}  {words[one.passed]:6}  {one.said}".rstrip() for one in self]
        head = f"{self.network}: {n_passed} checks passed, {len(self.failed)} failed, {n_open} not judged"
        return "\n".join([head, *rows])
