"""Search settings of a network by the inner folds of an outer fold's training part, kept in MLflow (extra `sweep`).

Give a configuration and a space: a YAML file with a range or choices for each setting,

    model.learning_rate: {low: 0.0005, high: 0.01, log: true}
    model.model.n_filters: [4, 8, 16]
    data.batch_size: {low: 16, high: 64, step: 16}

A trial trains one network for each inner fold and is scored by the mean AUROC of the held-out inner folds, with the
standard error of that mean. Nothing of the outer fold enters. All trials have the same folds and seed, so that their
differences are paired; the same seed of the search tries the same settings (tree-structured Parzen estimator). Each
trial is a child run of one MLflow run: a sweep that was stopped goes on with `--resume RUN`, or gets more trials.
Settings that cannot be built are kept with the reason, and skipped. Further options override the configuration. The
table of trials goes to stdout; what is best, how much of it is noise, and the command that tests it, to stderr.
"""

import argparse
import shlex
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from fhr.errors import FHRError

from .configurations import configuration_file, shipped_configurations
from .describe import add_describe
from .messages import say
from .next_commands import program
from .tables import check_out, write_csv

if TYPE_CHECKING:
    from fhr.recording import TableColumn

    from .sweep_plan import Swept

__all__ = ["add_arguments", "run", "tables"]

_TRIALS = 20
_BEGUN_WITH = ("config", "space", "seed", "fold", "repeat", "inner")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "--config", type=configuration_file, metavar="NAME", help="a configuration, by name or file, as for `fhr fit`"
    )
    parser.add_argument("--space", metavar="FILE.yaml", help="a range or choices for each setting")
    parser.add_argument("--trials", type=int, metavar="N", help=f"how many, failed ones included (default: {_TRIALS})")
    parser.add_argument("--seed", type=int, help="of the search, not of the networks (default: 0)")
    parser.add_argument(
        "--fold",
        type=int,
        action="append",
        metavar="K",
        help="outer fold whose training part scores the trials; may be given again (default: 0)",
    )
    parser.add_argument("--repeat", type=int, metavar="R", help="shuffle of the outer folds (default: 0)")
    parser.add_argument("--inner", type=int, help="inner folds that are fitted, 1 to 4 (default: 4)")
    parser.add_argument("--workers", type=int, default=1, help="processes; several have one thread each (default: 1)")
    parser.add_argument("--resume", metavar="RUN", help="go on with a sweep that was stopped, or with more trials")
    parser.add_argument("--out", metavar="FILE.csv", help="where to write the table of trials (default: stdout)")
    add_describe(parser, tables)


def tables() -> "dict[str, Sequence[TableColumn]]":
    """Columns of each table, by its option."""
    from fhr.recording import TableColumn

    failed = "the trial failed"
    columns = (
        TableColumn("trial", "number of the trial, from 0", type="integer"),
        TableColumn("state", "how it ended", values="finished; failed"),
        TableColumn("auroc", "mean AUROC of the held-out inner folds", "1", "number", 4, empty=failed),
        TableColumn(
            "auroc_se", "standard error of this mean over the folds", "1", "number", 4, empty="failed, or 1 fold"
        ),
        TableColumn("seconds", "duration of the trial", "s", "number", 1),
        TableColumn("<setting>", "value of the setting, one column for each of the space"),
        TableColumn("reason", "why it failed", empty="it did not"),
        TableColumn("run_id", "id of its run in MLflow"),
    )
    return {"--out": columns}


def run(options: argparse.Namespace) -> int:
    """Search, write the table, say what is best."""
    check_out(options.out)
    _check(options)
    from .sweep_plan import SweepPlan, trial_table
    from .sweep_run import sweep

    swept = sweep(
        SweepPlan(
            options.config or "",
            tuple(options.overrides),
            options.space or "",
            _TRIALS if options.trials is None and options.resume is None else options.trials,
            options.seed or 0,
            tuple(dict.fromkeys(options.fold or [0])),
            options.repeat or 0,
            4 if options.inner is None else options.inner,
            options.workers,
            options.resume,
        )
    )
    write_csv(trial_table(swept), options.out, columns=tables()["--out"])
    sys.stdout.flush()  # what is said after it stands below it
    say(*_words(swept))
    return 1 if swept.quarantined else 0


def _check(options: argparse.Namespace) -> None:
    """Refuse numbers out of range, and options that would change nothing."""
    if options.resume is None:
        if lacking := [name for name in ("config", "space") if getattr(options, name) is None]:
            raise FHRError(f"no --{lacking[0]}; give `--config NAME --space FILE.yaml`, or `--resume RUN` to go on")
    elif given := [name for name in _BEGUN_WITH if getattr(options, name) is not None]:
        raise FHRError(f"--{given[0]}: a sweep goes on as it was started; leave it out")
    if options.inner is not None and not 1 <= options.inner <= 4:
        raise FHRError(f"--inner {options.inner}; an outer fold has 1 to 4 inner folds")
    for name in ("trials", "workers"):
        if (value := getattr(options, name)) is not None and value < 1:
            raise FHRError(f"--{name} {value}; it is at least 1")


def _words(swept: "Swept") -> list[str]:
    """Lines on the best trial: its score, the noise of such scores, and who has to judge it."""
    from fhr.evaluation import search_noise

    from .sweep_space import as_options

    best, failed = swept.best, sum(trial.score is None for trial in swept.trials)
    scores = [trial.score for trial in swept.trials if trial.score is not None]
    score = best.score
    assert score is not None  # see `best`
    lines = [
        f"run {swept.run_id}",
        f"{len(swept.trials)} trials in {sum(trial.seconds for trial in swept.trials):.0f} s"
        + (f", of which {failed} failed" if failed else ""),
        f"best: trial {best.number}, AUROC {score} (standard error over {len(score.values)} inner folds)"
        if len(score.values) > 1
        else f"best: trial {best.number}, AUROC {score}; one inner fold tells no error",
    ]
    if (noise := search_noise(scores)) is not None:
        lines += [
            f"noise: two trials differ by {noise.difference:.3f} without meaning it (standard error, paired by inner "
            f"fold); {noise.untold} others lie within two of these of the best",
            f"luck: the best of {len(scores)} equally good ones would lie {noise.luck:.3f} above their mean; this one "
            f"lies {noise.found:.3f} above",
        ]
    named = {str(path): name for name, path in shipped_configurations().items()}
    fhr, config = program("fhr"), shlex.quote(named.get(swept.config, swept.config))
    given = f"--config {config} {shlex.join([*swept.settings, *as_options(best.settings)])}"
    chosen = "the score of the best is optimistic, as it was chosen by it; so is a cross-validation of these records"
    folds = ", ".join(map(str, swept.folds))
    if len(swept.folds) > 1:
        lines.append(f"{chosen}: the training parts of outer folds {folds} held all of them; other births can judge")
    else:
        lines += [
            f"{chosen}; those of outer fold {folds} of repeat {swept.repeat} took no part in the choice and can judge",
            f"judge:    {fhr} fit {given} --data.repeat {swept.repeat} --data.fold {folds}",
            f"then:     {fhr} test --run RUN",
        ]
    return [
        *lines,
        f"crossval: {fhr} crossval {given}",
        f"further:  {fhr} sweep --resume {swept.run_id} --trials {2 * len(swept.trials)}",
    ]
