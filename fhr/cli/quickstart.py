"""The whole job in some minutes: cross-validate the default network with few epochs, beside the lines.

The table has the network first, then the baselines with both lines on order statistics, and the kernel line last.

On a simulated database, or on CTU-UHB where FHR_DATA names the folder that holds `ctu-uhb-ctgdb`. Exits with 3 unless
the interval of the AUROC lies above 0.6. The simulated database is an easy one, whose pH follows from what happened to
the fetus alone (`explained=1`): were it as hard as reality, so few recordings and epochs would often leave the interval
below.
"""

import argparse
import os
from importlib import import_module
from pathlib import Path
from threading import Thread

from fhr.compute import Countdown, tell

from .configurations import shipped_configurations
from .crossval import add_arguments as add_crossval_arguments
from .crossval import cross_validate

__all__ = ["add_arguments", "run"]

_FLOOR = 0.6
_EXPLAINED = 1.0
_EPOCHS = 10
# Fewer at a higher rate do for easy labours; on real ones they end below the floor (benchmarks/README.md).
_EPOCHS_SIMULATED, _RATE_SIMULATED = 6, 0.008


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument("--n", type=int, default=400, help="simulated recordings (default: 400)")
    epochs = f"epochs a network (default: {_EPOCHS_SIMULATED} on simulated recordings, {_EPOCHS} on real ones)"
    parser.add_argument("--epochs", type=int, help=epochs)
    parser.add_argument("--workers", type=int, default=min(2, os.cpu_count() or 1), help="processes (default: 2)")


def run(options: argparse.Namespace) -> int:
    """Simulate where there is no real data, cross-validate, report."""
    config = str(shipped_configurations()["cnn"])
    real = os.environ.get("FHR_DATA")
    root = Path(real) / "ctu-uhb-ctgdb" if real else _simulated(options.n, options.workers)
    usual = _EPOCHS if real else _EPOCHS_SIMULATED
    epochs = usual if options.epochs is None else options.epochs
    arguments = ["--config", config, f"--data.init_args.root={root}", f"--trainer.max_epochs={epochs}"]
    if not real:
        arguments.append(f"--model.init_args.learning_rate={_RATE_SIMULATED}")
    parser = argparse.ArgumentParser()
    add_crossval_arguments(parser)
    given = ["--config", config, "--workers", str(options.workers), "--require-auroc", str(_FLOOR)]
    return cross_validate([*arguments, *options.overrides], parser.parse_args(given))


def _simulated(n: int, workers: int) -> Path:
    from fhr.simulation import write_database

    folder = Path("build", f"simulated-{n}")
    tell("simulating %d recordings in %s", n, folder)
    # Meanwhile this process would wait: it loads what the training needs.
    loading = Thread(target=import_module, args=(".crossval_run", __package__), daemon=True)
    loading.start()
    with Countdown(n, what="recording") as countdown:
        write_database(
            folder,
            n,
            seed=1,
            explained=_EXPLAINED,
            overwrite=True,
            workers=workers,
            progress=lambda done, total: countdown.update(),
        )
    loading.join()
    return folder
