"""Draw one recording as a cardiotocogram: PNG or SVG (one strip of true size), PDF (sheets to print), HTML (to zoom).

FHR that runs with the mother's rate, or is halved or doubled, is left out of the morphology, hatched, and named above
the strip; the signal is drawn as it was recorded. With `--run` of a false-signal network its probability is shaded, and
what it takes for false is left out too. Without MHR the strip says that the mother's rate cannot be excluded.
"""

import argparse
import logging

from fhr.errors import FHRError, SignalError

from .device import add_device
from .false_signal import analyze_true, load_false_signal
from .reading_options import add_reading, reading_of
from .tables import check_out

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument("path", metavar="PATH", help="one recording")
    parser.add_argument("--out", required=True, metavar="FILE", help="where to write: .png, .svg, .pdf or .html")
    parser.add_argument("--speed", type=int, default=1, help="paper speed, cm/min: 1, 2 or 3 (default: 1)")
    parser.add_argument("--scale", type=int, help="bpm/cm: 20 or 30 (default: 30 at 3 cm/min, else 20)")
    parser.add_argument("--minutes", type=float, metavar="N", help="length of the strip (default: all)")
    parser.add_argument("--start", type=float, metavar="S", help="s from the start (default: end at the end)")
    parser.add_argument(
        "--count", choices=("end", "start"), default="end", help="minutes to the end (default), or from the start"
    )
    parser.add_argument(
        "--sheet",
        choices=("a4", "a4-landscape", "a3-landscape"),
        default="a4",
        help="of a .pdf: a4 upright (default; two rows of 18 min at 1 cm/min), a4-landscape (27 min), a3-landscape "
        "(two rows of 39 min)",
    )
    parser.add_argument("--no-morphology", action="store_true", help="signals alone: no baseline, events, categories")
    parser.add_argument("--run", dest="model", metavar="RUN", help="shade false signal: MLflow run id, or a .ckpt file")
    add_device(parser)
    add_reading(parser, folders=False)


def run(options: argparse.Namespace) -> int:
    """Read, analyse and draw."""
    from fhr.formats import read
    from fhr.plots.ctg_write import take_ctg_suffix, write_ctg

    take_ctg_suffix(options.out)
    check_out(options.out)
    recording = read(options.path, **reading_of(options))
    predictor = found = morphology = None
    if options.model is not None:
        predictor = load_false_signal(options.model, options.device)
        found = predictor.false_signal_probability(recording)
    if not options.no_morphology:
        try:
            morphology = analyze_true(recording, predictor, found)
        except SignalError as error:
            logging.getLogger(__name__).warning("drawn without morphology: %s", error)
    try:
        write_ctg(
            recording,
            morphology,
            path=options.out,
            false_signal=None if found is None else found.fhr,
            start=options.start,
            minutes=options.minutes,
            count=options.count,
            speed=options.speed,
            sheet=options.sheet,
            scale=options.scale if options.scale is not None else 30 if options.speed == 3 else 20,
        )
    except OSError as error:
        raise FHRError(f"--out {options.out}: cannot be written ({error.strerror}); choose another path") from None
    logging.getLogger(__name__).info("drew %s into %s", recording.name, options.out)
    return 0
