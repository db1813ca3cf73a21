"""A search over the settings of a configuration by the inner folds of outer folds that nothing is read of."""

import json
import logging
import time
from collections.abc import Sequence
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import torch
import yaml

from fhr.compute import Countdown, tell
from fhr.datasets import Place
from fhr.errors import CheckpointError, FHRError, SplitError, TrackingError, interruption_behind, mistake_behind
from fhr.evaluation import (
    Choices,
    InnerScore,
    Range,
    Tried,
    check_makers,
    inner_score,
    next_settings,
    trained_by,
)
from fhr.tasks import ClassificationTask, DataFacts, data_name, plain_facts, run_tags
from fhr.tracking import environment

from .crossval_maker import ConfiguredMaker
from .quiet_libraries import quieten
from .run_names import joined
from .sweep_plan import SweepPlan, Swept, trial_table
from .sweep_space import as_options, check_settings, read_space, space_text
from .sweep_store import SweepStore, Trial
from .training_cli import TrainingCLI

__all__ = ["sweep"]

_log = logging.getLogger(__name__)
_HOPELESS = 5  # trials that fail at the beginning, one after the other
_MACHINE = (OSError, MemoryError, BrokenProcessPool, torch.OutOfMemoryError)
_ARGUMENTS, _TRIALS = "fhr.arguments", "fhr.trials"


def sweep(plan: SweepPlan) -> Swept:
    """Try settings, and keep each trial in MLflow.

    Raises:
        FHRError: a mistake in the space, the configuration or the data, or trials that all fail.
    """
    quieten()
    store = None
    if plan.resume is not None:
        store = SweepStore.open(plan.resume)
        plan, text, written = _resumed(plan, store), store.text("given.yaml"), store.text("space.yaml")
    else:
        text, written = Path(plan.config).read_text(encoding="utf-8"), space_text(plan.space)
    search = _Search(plan, text, read_space(written, plan.space))
    if store is None:
        store = search.begin(written)
    else:
        search.check(store)
    with store.working():
        trials = search.on(store)
    left_out = dict(search.facts.quarantined)
    return Swept(store.run_id, trials, plan.config, plan.settings, plan.repeat, plan.folds, plan.inner, left_out)


class _Search:
    """One configuration on its data, and the settings that are tried of it."""

    def __init__(self, plan: SweepPlan, text: str, space: dict[str, Range | Choices]) -> None:
        self._plan, self._text, self._space = plan, text, space
        self._arguments = ["--config", text, *plan.settings]
        self._cli = cli = TrainingCLI(self._arguments, tracked=False, run=False)
        if not isinstance(cli.model, ClassificationTask):
            raise FHRError(f"a sweep of {type(cli.model).__name__}; `fhr sweep` is for classification")
        if cli.config.procedure is not None:
            raise FHRError("`fhr sweep` tunes a network alone; leave the lines out with `--procedure null`")
        check_settings(space, yaml.safe_load(cli.configuration()), plan.space)
        next_settings(space, [], plan.seed)  # refuses where Optuna is missing
        cli.datamodule.setup("fit")
        self.facts: DataFacts = cli.datamodule.facts
        self._first = Place.first(cli.datamodule.database_read, self.facts.target, self.facts.splits)
        shuffles, n_folds = len(self.facts.splits.folds), len(self.facts.splits.folds[0])
        for option, value, n in (("--repeat", plan.repeat, shuffles), *(("--fold", k, n_folds) for k in plan.folds)):
            if not 0 <= value < n:
                raise SplitError(f"{option} {value}; the split has 0 to {n - 1}")
        self._places = [(plan.repeat, fold) for fold in plan.folds]
        check_makers(self._first, self._places)
        self._made_by = trained_by(ConfiguredMaker.of(cli, type(cli.model.model).__name__))

    def begin(self, space: str) -> SweepStore:
        """A new run that holds what it needs to go on."""
        plan, cli = self._plan, self._cli
        network = type(cli.model.model).__name__
        tags = run_tags(self.facts) | {
            _ARGUMENTS: json.dumps([plan.config, *plan.settings]),
            _TRIALS: str(plan.trials),
        }
        name = joined(network, cli.differences(), data_name(self.facts.origin), "sweep")
        store = SweepStore.create(cli.datamodule.experiment, name, tags)
        parameters = {
            "target": self.facts.target,
            "network": cli.model.model.specification["class_path"],
            "config": "/".join(Path(plan.config).parts[-2:]),
            "settings": " ".join(self._space)[:500],
            "search_seed": plan.seed,
            "repeat": plan.repeat,
            "folds": ", ".join(map(str, plan.folds)),
            "inner_models": plan.inner,
        }
        store.log(parameters)
        client, run_id = store.client, store.run_id
        for name, text in (("given.yaml", self._text), ("space.yaml", space), ("config.yaml", cli.configuration())):
            client.log_text(run_id, text, name)
        client.log_dict(run_id, environment(), "environment.json")
        record = {key: value for key, value in plain_facts(self.facts).items() if key not in ("fold", "records")}
        client.log_dict(run_id, record, "data.json")
        return store

    def check(self, store: SweepStore) -> None:
        """Refuse to go on with other records or folds.

        Raises:
            SplitError: they are other ones.
        """
        tags = store.run.data.tags
        for key, value in (
            ("data_checksum", self.facts.data_checksum),
            ("split_checksum", self.facts.splits.checksum),
        ):
            if tags.get(key) != value:
                raise SplitError(
                    f"run {store.run_id} has the {key.replace('_', ' ')} {str(tags.get(key))[:12]}, found is "
                    f"{value[:12]}; restore what it was started with, or start anew"
                )

    def on(self, store: SweepStore) -> tuple[Trial, ...]:
        """Make the trials that are missing, and report.

        Raises:
            FHRError: fewer trials than there are, as the record of a search keeps all of them; or all of them failed.
        """
        plan, n = self._plan, int(self._plan.trials or 0)
        done = store.trials(self._made_by)
        if len(done) > n:
            raise FHRError(f"--trials {n}; run {store.run_id} has {len(done)} already: give as many, or more")
        store.client.set_tag(store.run_id, _TRIALS, str(n))
        missing = [number for number in range(n) if number not in done]
        tell("%s: %d of %d trials to make, on %d inner folds each", self.facts.target, len(missing), n, self._n_models)
        with Countdown(len(missing), what="trial") as countdown:
            for number in missing:
                before = [done[k] for k in sorted(done) if k < number]
                settings = next_settings(self._space, [Tried(one.settings, _mean(one)) for one in before], plan.seed)
                if settings is None:
                    _log.warning("nothing new was found in the space after %d trials; it is small", number)
                    break
                done[number] = trial = store.keep(self._tried(number, settings), self._made_by)
                _tell(trial)
                countdown.update()
                check_hope(list(done.values()))
        trials = tuple(done[number] for number in sorted(done) if number < n)
        if not any(trial.score is not None for trial in trials):
            raise FHRError(f"each of {len(trials)} trials failed; the last: {trials[-1].reason}")
        self._report(store, trials)
        return trials

    @property
    def _n_models(self) -> int:
        return len(self._places) * self._plan.inner

    def _tried(self, number: int, settings: dict[str, Any]) -> Trial:
        """Score settings; a mistake in them is the reason of a failure, which stands for good.

        Raises:
            FHRError: the machine or the store hinders it, so that a resumed sweep makes this trial once more.
        """
        start = time.monotonic()
        try:
            score, reason = self._score(settings), ""
        except TrackingError:
            raise
        except Exception as error:
            if interruption_behind(error) is not None or _is_of_dead_worker(error):
                raise
            if (hindrance := _of_machine(error)) is not None:
                raise FHRError(
                    f"trial {number} ({_words(settings)}) could not be made here: {type(hindrance).__name__}: "
                    f"{' '.join(str(hindrance).split())[:300]}; see that there is room, then go on, or narrow the space"
                ) from error
            _log.debug("trial %d", number, exc_info=True)
            score, reason = None, _reason(error)
        return Trial(number, settings, score, reason, time.monotonic() - start)

    def _score(self, settings: dict[str, Any]) -> InnerScore:
        cli = TrainingCLI([*self._arguments, *as_options(settings)], tracked=False, run=False)
        data, first = cli.datamodule, self._first
        cut = (data.pipeline.is_cut, self._cli.datamodule.pipeline.is_cut)
        if any(cut):
            first = Place.first(data.database_read, self.facts.target, self.facts.splits)
        make = ConfiguredMaker.of(cli, type(cli.model.model).__name__)
        seed = int(self._cli.config.seed_everything)
        score = inner_score(make, first, self._places, inner=self._plan.inner, seed=seed, workers=self._plan.workers)
        if not score.values:
            raise FHRError("no inner fold holds both classes; use more records or another target")
        return score

    def _report(self, store: SweepStore, trials: tuple[Trial, ...]) -> None:
        swept = Swept(store.run_id, trials, "", (), self._plan.repeat, self._plan.folds, self._plan.inner, {})
        best = swept.best
        assert best.score is not None  # see `best`
        store.log(metrics={"inner/auroc": best.score.mean, "inner/auroc_se": best.score.standard_error})
        store.client.log_text(store.run_id, trial_table(swept).to_csv(index=False), "trials.csv")


def check_hope(trials: Sequence[Trial]) -> None:
    """Refuse to go on where the first trials all failed: a space that fits nothing, or the data.

    Raises:
        FHRError: they did.
    """
    if len(trials) >= _HOPELESS and all(trial.score is None for trial in trials):
        raise FHRError(f"each of the first {len(trials)} trials failed; the last: {trials[-1].reason}")


def _resumed(plan: SweepPlan, store: SweepStore) -> SweepPlan:
    """The plan of a run that is there; the number of trials and of workers may be another.

    Raises:
        CheckpointError: settings beside those of the run.
    """
    if plan.config or plan.settings or plan.space:
        raise CheckpointError("a run is resumed with its own configuration and space; leave all that would change it")
    run = store.run
    config, *settings = json.loads(run.data.tags[_ARGUMENTS])
    params = run.data.params
    return SweepPlan(
        config,
        tuple(settings),
        "space.yaml",
        int(run.data.tags[_TRIALS]) if plan.trials is None else plan.trials,
        int(params["search_seed"]),
        tuple(int(fold) for fold in params["folds"].split(", ")),
        int(params["repeat"]),
        int(params["inner_models"]),
        plan.workers,
        plan.resume,
    )


def _mean(trial: Trial) -> float | None:
    return None if trial.score is None else trial.score.mean


def _reason(error: BaseException) -> str:
    """One line on the mistake, or the first error, that `error` is or was caused by; the parser says far more."""
    first: BaseException | None = mistake_behind(error)
    while first is None:
        before = error.__cause__ or error.__context__
        first, error = (error, error) if before is None else (None, before)
    return " ".join(str(first).split()) or type(first).__name__


def _is_of_dead_worker(error: BaseException) -> bool:
    """True for a mistake that says what to do where a worker process has died."""
    mistake = mistake_behind(error)
    return mistake is not None and isinstance(mistake.__context__, BrokenProcessPool)


def _of_machine(error: BaseException | None) -> BaseException | None:
    """What hinders any settings, such as a full disk or memory that others have taken; None for a mistake in these."""
    if mistake_behind(error) is not None:
        return None
    while error is not None and not isinstance(error, _MACHINE):
        error = error.__cause__
    return error


def _words(settings: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in settings.items())


def _tell(trial: Trial) -> None:
    """One line a trial, however it ended."""
    words = _words(trial.settings)
    if trial.score is None:
        _log.warning("trial %d failed (%s): %s", trial.number, words, trial.reason)
    else:
        tell("trial %d: AUROC %s, %s", trial.number, trial.score, words)
