"""Plan and result of a sweep: its settings, what it found, and the table of its trials."""

from dataclasses import dataclass

import pandas as pd

from .sweep_store import Trial

__all__ = ["SweepPlan", "Swept", "trial_table"]


@dataclass(frozen=True)
class SweepPlan:
    """Settings of one sweep; those of a run that goes on are read from it.

    Attributes:
        config: the file of the configuration.
        settings: further options for it.
        space: the file of the space.
        trials: how many; None for those that a resumed run began with.
        seed: of the search.
        folds: outer folds, on whose training parts alone the trials are scored.
        repeat: shuffle of the outer folds.
        inner: inner folds that are fitted.
        workers: processes.
        resume: run to go on with, or None.
    """

    config: str = ""
    settings: tuple[str, ...] = ()
    space: str = ""
    trials: int | None = None
    seed: int = 0
    folds: tuple[int, ...] = (0,)
    repeat: int = 0
    inner: int = 4
    workers: int = 1
    resume: str | None = None


@dataclass(frozen=True)
class Swept:
    """Result of a sweep.

    Attributes:
        run_id: of the MLflow run.
        trials: in order.
        config: the file of the configuration, as it was given.
        settings: further options for it.
        repeat: shuffle of the outer folds.
        folds: outer folds whose training parts scored the trials.
        inner: inner folds of each.
        quarantined: records that were left out, with the reason.
    """

    run_id: str
    trials: tuple[Trial, ...]
    config: str
    settings: tuple[str, ...]
    repeat: int
    folds: tuple[int, ...]
    inner: int
    quarantined: dict[str, str]

    @property
    def best(self) -> Trial:
        """The trial with the highest mean over the inner folds."""
        return max((one for one in self.trials if one.score is not None), key=lambda one: one.score.mean)  # type: ignore[union-attr]


def trial_table(swept: Swept) -> pd.DataFrame:
    """One row a trial: number, state, AUROC over the inner folds, its error, seconds, settings, reason, run."""
    names = list(dict.fromkeys(name for trial in swept.trials for name in trial.settings))
    rows = [
        {
            "trial": trial.number,
            "state": "failed" if trial.score is None else "finished",
            "auroc": None if trial.score is None else round(trial.score.mean, 4),
            "auroc_se": None if trial.score is None else round(trial.score.standard_error, 4),
            "seconds": round(trial.seconds, 1),
            **trial.settings,
            "reason": trial.reason,
            "run_id": trial.run_id,
        }
        for trial in swept.trials
    ]
    return pd.DataFrame(rows, columns=["trial", "state", "auroc", "auroc_se", "seconds", *names, "reason", "run_id"])
