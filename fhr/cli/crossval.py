"""Train, calibrate and test on every outer fold, as one MLflow run, beside the lines.

Each outer fold trains one network for each inner fold; the held-out inner folds fit one calibrator; the networks are
averaged, and their average is calibrated. A configuration such as `whole` combines its network with lines inside each
outer fold; each of them stands in the table by itself too, and no network is kept. Further options override the
configuration, for example `--data.target 'ph<7.05'`. Every finished fold is kept: a run that was stopped goes on with
`--resume RUN`, on folds that this source and these libraries made; others are fitted again. The table of models goes to
stdout; out-of-fold predictions, tables, figures and the networks go to the run.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fhr.errors import FHRError

from .configurations import configuration_file
from .describe import add_describe
from .messages import say
from .next_commands import next_commands
from .tables import check_out, write_csv

if TYPE_CHECKING:
    import pandas as pd

    from fhr.evaluation import OverPermutations
    from fhr.recording import TableColumn

    from .crossval_run import Outcome

__all__ = ["add_arguments", "run", "tables"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument(
        "--config",
        type=configuration_file,
        metavar="NAME",
        help="a configuration, by name or file, as for `fhr fit`; needed unless a run is resumed",
    )
    parser.add_argument("--repeats", type=int, help="shuffles of the outer folds (default: 1)")
    parser.add_argument("--folds", type=int, help="outer folds that the split must have (the standard one: 5)")
    parser.add_argument("--inner", type=int, help="inner models an outer fold, 1 to 4 (default: 4)")
    parser.add_argument(
        "--members",
        type=int,
        metavar="M",
        help="retrainings of each inner model, each with its own seed and bootstrap of the training part (default: 1)",
    )
    parser.add_argument(
        "--at-once",
        choices=("auto", "yes", "no"),
        default="auto",
        help="train the members of an inner fold as one batched model (auto: on a GPU, where that is faster)",
    )
    parser.add_argument(
        "--baseline",
        action="append",
        default=[],
        metavar="NAME",
        help="a line in place of the network: logistic, ridge, mad, loss, sparse, deepctg, stage2, kernel, "
        "kernel-parity, kernel-loss, kernel-loss-parity, groups-ridge, groups-logistic, or all",
    )
    parser.add_argument(
        "--permutations",
        type=int,
        metavar="N",
        help="a control: a baseline on features that belong to other records, N times in place of repeats",
    )
    parser.add_argument(
        "--networks-of",
        metavar="RUN",
        help="take the networks of this run, which learnt pH itself, and calibrate them for the label asked for",
    )
    parser.add_argument("--resume", metavar="RUN", help="go on with a run that was stopped, with its own configuration")
    parser.add_argument("--workers", type=int, default=1, help="processes; several have one thread each (default: 1)")
    parser.add_argument("--scheduler", metavar="dask://HOST:PORT", help="Dask workers, in place of --workers")
    parser.add_argument("--name", help="of the model in tables (default: the class of the network)")
    parser.add_argument("--out", metavar="FILE.csv", help="write the out-of-fold predictions here too")
    parser.add_argument(
        "--keep", metavar="DIR", help="add a row to DIR/crossval.csv, and its predictions to DIR/oof, for publication"
    )
    parser.add_argument(
        "--not-out-of-fold",
        action="store_true",
        help="let weights and data pass that have seen test records, and mark tables, cards and networks",
    )
    parser.add_argument("--require-auroc", type=float, metavar="X", help="exit with 3 unless the interval lies above X")
    add_describe(parser, tables)


def tables() -> "dict[str, Sequence[TableColumn]]":
    """Columns of the table of records, by its option."""
    from fhr.evaluation import OUT_OF_FOLD_COLUMNS

    return {"--out": OUT_OF_FOLD_COLUMNS}


def run(options: argparse.Namespace) -> int:
    """Cross-validate and write the table of models."""
    configured = ["--config", options.config] if options.config else []
    if not configured and not options.resume:
        raise FHRError("nothing to do; give `--config NAME`, or `--resume RUN` to go on with a run")
    return cross_validate([*configured, *options.overrides], options)


def _predictions(outcomes: "Sequence[Outcome]") -> "pd.DataFrame":
    """Out-of-fold predictions of all models; those of several are told apart by `model`, before the key."""
    import pandas as pd

    if len(outcomes) == 1:
        return outcomes[0].predictions
    table = pd.concat([one.predictions.assign(model=one.table[0]["model"]) for one in outcomes])
    key = ["record", "path"]
    return table[[*(name for name in table if name not in key), *key]]


def cross_validate(arguments: list[str], options: argparse.Namespace) -> int:
    """Cross-validate the configuration of `arguments`; the exit code."""
    import pandas as pd

    from .crossval_plan import Plan
    from .crossval_run import crossval

    check_out(options.out)
    _check(options)
    plan = Plan(
        tuple(arguments),
        config="/".join(Path(options.config).parts[-2:]) if options.config else "",
        baselines=tuple(options.baseline),
        repeats=1 if options.repeats is None else options.repeats,
        n_folds=options.folds,
        inner=4 if options.inner is None else options.inner,
        members=1 if options.members is None else options.members,
        permutations=options.permutations or 0,
        workers=options.workers,
        scheduler=options.scheduler,
        at_once={"auto": None, "yes": True, "no": False}[options.at_once],
        resume=options.resume,
        networks_of=options.networks_of,
        name=options.name,
        keep=options.keep,
        out_of_fold=not options.not_out_of_fold,
    )
    outcomes = []
    for outcome in crossval(plan):
        outcomes.append(outcome)
        _say(outcome)
    write_csv(pd.DataFrame([row for outcome in outcomes for row in outcome.table]), None)
    sys.stdout.flush()  # what is said after it stands below it
    if options.out:
        write_csv(_predictions(outcomes), options.out)
    code = 1 if outcomes[0].quarantined else 0
    if options.require_auroc is not None:
        for auroc in (outcome.results["auroc"] for outcome in outcomes):
            if not auroc.low > options.require_auroc:
                sys.stderr.write(
                    f"AUROC {auroc.value:.3f}, 95% interval from {auroc.low:.3f}: not above {options.require_auroc}\n"
                )
                code = 3
                break
    say(*next_commands(outcomes[0]))
    return code


def _check(options: argparse.Namespace) -> None:
    """Refuse numbers out of range, and options that would change nothing."""
    if options.inner is not None and not 1 <= options.inner <= 4:
        raise FHRError(f"--inner {options.inner}; an outer fold has 1 to 4 inner folds")
    for name in ("workers", "repeats", "members", "permutations"):
        if (value := getattr(options, name)) is not None and value < 1:
            raise FHRError(f"--{name} {value}; it is at least 1")
    of_networks = ("inner", "members", "name", "networks_of")
    for purpose, wanted, useless in (
        (
            "a run goes on as it was started",
            options.resume,
            ("repeats", "baseline", "permutations", "not_out_of_fold", *of_networks),
        ),
        ("it is for networks, not for a `--baseline`", options.baseline, of_networks),
        ("the networks are those of the other run", options.networks_of, ("inner", "members")),
    ):
        if wanted and (given := [name for name in useless if getattr(options, name)]):
            raise FHRError(f"--{given[0].replace('_', '-')}: {purpose}; leave it out")
    if options.permutations and not options.baseline:
        raise FHRError("--permutations is for a `--baseline`; a network is permuted with `--data.permute SEED`")


def _say(outcome: "Outcome") -> None:
    """Write the run and its main metrics to stderr."""
    lines = [f"run {outcome.run_id}"]
    for name, label in (("auroc", "AUROC"), ("brier", "Brier score"), ("calibration_slope", "calibration slope")):
        interval = outcome.results[name]
        lines.append(f"{label} {interval.value:.3f} (95% interval {interval.low:.3f} to {interval.high:.3f})")
    if outcome.control is not None:
        lines.append(_over_permutations("", outcome.control))
    if outcome.null is not None:
        lines.append(_over_permutations("beside it, a line that learns nothing: ", outcome.null))
    say(*lines)


def _over_permutations(subject: str, over: "OverPermutations") -> str:
    """One line on a control: mean and standard error, or a single run."""
    n = len(over.values)
    if n == 1:
        return f"{subject}AUROC of one permutation of the records {over.mean:.3f}"
    return (
        f"{subject}AUROC over {n} permutations of the records {over.mean:.3f} +- {over.standard_error:.3f} (standard "
        "error); "
        f"one permutation {over.lowest:.3f} to {over.highest:.3f}, standard deviation {over.standard_deviation:.3f}"
    )
