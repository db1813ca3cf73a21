"""Probability, score and warnings of each recording, as CSV; labels are not needed.

Columns: name, probability (calibrated), score (larger is likelier), loss (fraction of the window's fetal heart rate
that is missing), warnings. Recordings that cannot be used are named on stderr, and the exit code is 1.
"""

import argparse

from fhr.errors import FHRError

from .recordings import read_paths, report
from .tables import check_out, write_csv

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument("paths", nargs="+", metavar="PATH", help="recordings, or folders of recordings")
    parser.add_argument("--run", dest="model", required=True, metavar="RUN", help="MLflow run id, or a .ckpt file")
    parser.add_argument("--out", metavar="FILE.csv", help="where to write the table (default: stdout)")
    parser.add_argument("--device", default="cpu", help="cpu, cuda or mps (default: cpu)")


def run(options: argparse.Namespace) -> int:
    """Predict and write."""
    from fhr.prediction import load, to_frame
    from fhr.tracking import progress

    check_out(options.out)
    _check_device(options.device)
    recordings, quarantined = read_paths(options.paths)
    predictor = load(options.model, device=options.device)
    predictions = []
    chunks = [recordings[i : i + 64] for i in range(0, len(recordings), 64)]
    for chunk in progress(chunks, description="predict"):
        done, unusable = predictor.predict_all(chunk)
        predictions += done
        quarantined |= unusable
    write_csv(to_frame(predictions), options.out)
    return report(quarantined)


def _check_device(name: str) -> None:
    import torch

    try:
        torch.empty(1, device=name)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise FHRError(
            f"--device {name}: not to be had here ({reason}); use cpu, or a device of this machine"
        ) from None
