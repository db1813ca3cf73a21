"""A whole run as one file: parameters, metrics, tags, artifacts and checkpoints, of a cross-validation with its folds.

The file (`.fhrrun`) is a zip archive without compression: `runs.json`, and for each run `RUN/metrics.csv` and
`RUN/artifacts/...`; its last member lists all others with their SHA-256, its comment is the SHA-256 of that list. The
same run gives the same bytes. `fhr predict --run FILE`, `evaluate FILE`, `compare FILE FILE` and `fhr.load` read it as
it is, without the store. It holds all that the run keeps, names and paths of the records and the folder of the data
included: whoever gets it learns these. The name of the machine and the folder of the run are left out.
"""

import argparse
import shlex

from fhr.errors import FHRError

from .messages import say
from .next_commands import program
from .tables import check_out

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument("exported", metavar="RUN", help="MLflow run id of a finished run")
    parser.add_argument("file", metavar="FILE.fhrrun", help="where to write it; a file that is there is replaced")


def run(options: argparse.Namespace) -> int:
    """Write the file whole, or not at all."""
    import tempfile
    from pathlib import Path

    from fhr.formats import RUN_SUFFIX, is_run_file, write_run_file
    from fhr.tracking import kept_runs

    check_out(options.file, "FILE")
    if not is_run_file(options.file):
        raise FHRError(f"FILE {options.file}: an exported run is called *{RUN_SUFFIX}; name it so")
    with tempfile.TemporaryDirectory() as folder:
        runs = kept_runs(options.exported, folder)
        try:
            path = write_run_file(options.file, runs)
        except OSError as error:
            place = error.filename or options.file
            raise FHRError(
                f"FILE {options.file}: {place}: {error.strerror or error}; make room, or see to it"
            ) from None
    files, size = sum(len(one.files) for one in runs), Path(path).stat().st_size
    say(
        f"run {options.exported}, {len(runs) - 1} child runs, {files} files: {size / 1e6:.1f} MB",
        f"predict:  {program('fhr')} predict --run {shlex.quote(str(path))} PATH...",
    )
    return 0
