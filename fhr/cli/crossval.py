"""Train and test on every outer fold of the protocol, as one MLflow run, beside the linear baselines.

Each outer fold trains one network for each inner fold; the held-out inner folds fit one calibrator; the calibrated
networks are averaged. Further options override the configuration, for example `--data.target 'ph<7.05'`.
The table of models goes to stdout; out-of-fold predictions, figures and the networks go to the run.
"""

import argparse
import shlex
import sys
from typing import TYPE_CHECKING, Any

from fhr.errors import FHRError

from .tables import check_out, write_csv

if TYPE_CHECKING:
    from .crossval_run import Outcome

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument("--config", metavar="FILE.yaml", help="as for `fhr fit`; needed unless a run is resumed")
    parser.add_argument("--resume", metavar="RUN", help="go on with a run that was stopped, with its own configuration")
    parser.add_argument("--repeats", type=int, default=1, help="shuffles of the outer folds (default: 1)")
    parser.add_argument("--inner", type=int, default=4, help="inner models an outer fold, 1 to 4 (default: 4)")
    parser.add_argument(
        "--members", type=int, default=1, help="retrainings of each inner model, each on a bootstrap (default: 1)"
    )
    parser.add_argument("--workers", type=int, default=1, help="processes, one thread each (default: 1)")
    parser.add_argument("--scheduler", metavar="dask://HOST:PORT", help="Dask workers, in place of --workers")
    parser.add_argument("--name", help="of the model in tables (default: the class of the network)")
    parser.add_argument("--out", metavar="FILE.csv", help="write the out-of-fold predictions here too")
    parser.add_argument("--require-auroc", type=float, metavar="X", help="exit with 3 unless the interval lies above X")


def run(options: argparse.Namespace) -> int:
    """Cross-validate and report."""
    configured = ["--config", options.config] if options.config else []
    if not configured and not options.resume:
        raise FHRError("nothing to do; give `--config FILE.yaml`, or `--resume RUN` to go on with a run")
    return cross_validate([*configured, *options.overrides], options)


def cross_validate(arguments: list[str], options: argparse.Namespace) -> int:
    """Cross-validate the configuration that `arguments` give."""
    import pandas as pd

    from .crossval_run import Plan, crossval

    check_out(options.out)
    if not 1 <= options.inner <= 4:
        raise FHRError(f"--inner {options.inner}; an outer fold has 1 to 4 inner folds")
    if min(options.workers, options.repeats, options.members) < 1:
        raise FHRError(
            f"--workers {options.workers} --repeats {options.repeats} --members {options.members}; each is at least 1"
        )
    names = ("repeats", "inner", "members", "workers", "scheduler", "resume", "name")
    outcome = crossval(Plan(tuple(arguments), **{name: getattr(options, name) for name in names}))
    write_csv(pd.DataFrame(outcome.table), None)
    if options.out:
        write_csv(outcome.predictions, options.out)
    _say(outcome)
    auroc = outcome.results["auroc"]
    if options.require_auroc is not None and not auroc.low > options.require_auroc:
        sys.stderr.write(
            f"AUROC {auroc.value:.3f}, 95% interval from {auroc.low:.3f}: not above {options.require_auroc}\n"
        )
        return 3
    return 1 if outcome.quarantined else 0


def _say(outcome: "Outcome") -> None:
    lines: list[Any] = [f"run {outcome.run_id}"]
    for name, label in (("auroc", "AUROC"), ("brier", "Brier score"), ("calibration_slope", "calibration slope")):
        interval = outcome.results[name]
        lines.append(f"{label} {interval.value:.3f} (95% interval {interval.low:.3f} to {interval.high:.3f})")
    lines += [
        f"predict:  fhr predict --run {outcome.run_id} PATH...",
        f"look:     MLFLOW_DISABLE_TELEMETRY=true mlflow server --backend-store-uri {shlex.quote(outcome.store)}",
    ]
    sys.stderr.write("\n".join(lines) + "\n")
