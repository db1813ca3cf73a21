"""`fhr VERB`: one parser for the verbs that do not train; the training verbs go to LightningCLI."""

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from fhr import __version__
from fhr.errors import FHRError

__all__ = ["main"]

_TRAINING = {
    "fit": "train a network and calibrate it, tracked in MLflow",
    "validate": "run a trained network on its early-stopping slice",
    "test": "run a trained network on its outer test fold: metrics, figures, model card",
}
_VERBS = {
    "crossval": "train and test on every outer fold, one MLflow run",
    "compare": "cross-validations of the same records, in pairs, as CSV",
    "predict": "probability and confidence for each recording, as CSV",
    "quality": "where heart rates are false, as ranges in CSV: by rules and by a network",
    "morphology": "baseline, accelerations, decelerations, contractions, FIGO and NICHD categories, as CSV",
    "features": "multiscale and scalar features of every window, as one Parquet table",
    "simulate": "write a simulated database in the style of CTU-UHB",
    "info": "what a recording or a folder holds, as CSV",
    "plot": "one recording as a cardiotocogram: PNG, PDF or HTML",
    "splits": "write the fold file of a database",
    "runs": "the runs of the MLflow store, as CSV",
    "quickstart": "the whole job on simulated data, or on real data with FHR_DATA",
}
_CONFIGURED = ("crossval", "quickstart")  # options that they do not know belong to the configuration


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb.

    Returns:
        0 done, 1 some recordings were quarantined, 2 a mistake in what was given, 3 a result below the asked floor,
        70 a fault of this program.
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    # The training verbs have a parser of their own, with every option of the trainer; it is slow to build.
    head, verb, rest = _split_verb(arguments)
    parser = _parser(verb)
    if verb in _TRAINING:
        options = parser.parse_args([*head, verb])
    else:
        options, passed_on = parser.parse_known_args(arguments)
        if passed_on and verb not in _CONFIGURED:
            parser.error(f"unrecognized arguments: {' '.join(passed_on)}")
        options.overrides = passed_on
    _set_up_logging(options.verbose - options.quiet)
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # before anything imports MLflow
    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())  # a network of one's own beside the configuration, as under `python -m`
    try:
        if verb in _TRAINING:
            from .training import train

            return train(verb, rest)
        code: int = options.run(options)
        return code
    except BrokenPipeError:  # `fhr info | head`
        sys.stderr.close()
        return 0
    except (KeyboardInterrupt, SystemExit) as stop:
        # Lightning answers an interruption with an exit code of its own, 1.
        if isinstance(stop, SystemExit) and not isinstance(stop.__context__, KeyboardInterrupt):
            raise
        sys.stderr.write(f"fhr {verb}: interrupted\n")
        return 130
    except Exception as error:
        mistake = _mistake(error)
        if mistake is None:
            logging.getLogger("fhr").critical("a fault of this program, not of what was given", exc_info=True)
            return 70
        sys.stderr.write(f"fhr {verb}: {mistake}\n")
        return 2


def _mistake(error: BaseException | None) -> str | None:
    """The user's mistake that `error` is or was caused by; the parser wraps what constructors raise."""
    if isinstance(error, OSError) and error.filename is not None:  # a file that cannot be written, a full disk
        return f"{error.filename}: {error.strerror}"
    while error is not None and not isinstance(error, FHRError):
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return None if error is None else str(error)


def _parser(chosen: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="fhr",
        allow_abbrev=False,
        description="Deep learning on intrapartum fetal heart rate. Research software, not a medical device.",
        epilog="`fhr VERB --help` explains a verb. Exit codes: 0 done, 1 some recordings quarantined, "
        "2 usage, 3 a result below the floor that was asked for, 70 a fault of the program.",
    )
    parser.add_argument("--version", action="version", version=f"fhr {__version__}")
    parser.add_argument("-v", "--verbose", action="count", default=0, help="say more (on stderr)")
    parser.add_argument("-q", "--quiet", action="count", default=0, help="say less")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for verb, text in _TRAINING.items():
        verbs.add_parser(verb, help=text, add_help=False)
    for verb, text in _VERBS.items():
        if verb != chosen:
            verbs.add_parser(verb, help=text)
            continue
        module = import_module(f".{verb}", __package__)
        sub = verbs.add_parser(verb, help=text, description=module.__doc__, allow_abbrev=False)
        module.add_arguments(sub)
        sub.set_defaults(run=module.run)
    return parser


def _split_verb(arguments: list[str]) -> tuple[list[str], str | None, list[str]]:
    for i, argument in enumerate(arguments):
        if not argument.startswith("-"):
            return arguments[:i], argument, arguments[i + 1 :]
    return arguments, None, []


def _set_up_logging(verbosity: int) -> None:
    level = {-1: logging.ERROR, 0: logging.WARNING, 1: logging.INFO}.get(max(-1, min(verbosity, 2)), logging.DEBUG)
    logging.basicConfig(stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("fhr").setLevel(level)
