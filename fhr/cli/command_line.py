"""`fhr VERB`: one parser for all verbs; what the training verbs do not know of goes on to LightningCLI."""

import argparse
import logging
import os
import re
import sys
from collections.abc import Callable, Collection, Sequence
from contextlib import nullcontext
from difflib import get_close_matches
from errno import EDQUOT, EFBIG, EIO, ENOSPC, EROFS
from importlib import import_module
from typing import NoReturn

from fhr import __version__
from fhr.compute import (
    Terminated,
    alone,
    further_process,
    interruptible,
    is_first_process,
    is_one_of_several,
    slow_imports_are_told,
)
from fhr.errors import FHRError, interruption_behind, mistake_behind

from .configurations import shipped_configurations
from .device import add_device, trainer_arguments
from .known_settings import UnknownOptionError, options_of, parsers_of
from .messages import messages
from .option_words import ForeignWordsError, in_option_words
from .standard_streams import flush_stdout, open_standard_streams, reader_is_gone
from .stdout_option import take_stdout

__all__ = ["main"]

_TRAINING = {
    "fit": "train a network and calibrate it, tracked in MLflow",
    "validate": "run a trained network on its early-stopping slice",
    "test": "run a trained network on its outer test fold: metrics, figures, model card",
}
_VERBS = {
    "crossval": "train and test on every outer fold, one MLflow run",
    "sweep": "search settings of a network by inner folds alone, one MLflow run; trials as CSV",
    "compare": "cross-validations of the same records, in pairs, as CSV",
    "evaluate": "test a model on births of your own, recalibrate it on them; metrics as CSV",
    "predict": "probability and confidence for each recording, as CSV",
    "quality": "where heart rates are false, as ranges in CSV: by rules and by a network",
    "morphology": "baseline, accelerations, decelerations, contractions, FIGO and NICHD categories, as CSV",
    "features": "multiscale and scalar features of every window, as one Parquet table",
    "simulate": "write a simulated database in the style of CTU-UHB",
    "synthesize": "write recordings that a generator makes from real ones, marked as synthetic",
    "download": "fetch a published database, verified; goes on where it was interrupted",
    "similar": "labours of a database that are most like a recording, and how they ended; as CSV, figure, page",
    "cluster": "kinds of labour in a database, with confidence in their number and each membership; as CSV, figure",
    "robustness": "how much a recording would have to change before its verdict does, proven and attacked; as CSV",
    "convert": "write recordings in another format: WFDB, CSV, NPZ, ...; one to a file, many to a folder",
    "info": "what a recording or a folder holds, as CSV",
    "plot": "one recording as a cardiotocogram: PNG, PDF or HTML",
    "splits": "write the fold file of a database",
    "runs": "the runs of the MLflow store, as CSV",
    "ui": "the runs in a browser: MLflow's server of the store, and the address of its list of runs",
    "export": "a whole run as one file, to predict with elsewhere",
    "quickstart": "the whole job on simulated data, or on real data with FHR_DATA",
}
_BESIDE = {"fit": ("--config", "--resume", "--name"), "validate": ("--config", "--run"), "test": ("--config", "--run")}
# Options that they do not know belong to the configuration of a training.
_CONFIGURED = ("crossval", "sweep", "quickstart")
_WITH_SETTINGS = (*_TRAINING, *_CONFIGURED, "synthesize")  # that take such options
_DISK = (EDQUOT, EFBIG, EIO, ENOSPC, EROFS)  # the disk's fault wherever they come from, with a file's name or without


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb.

    Returns:
        0 done, 1 some recordings were quarantined, 2 a mistake in what was given, 3 a result below the asked floor,
        70 a fault of this program, 130 interrupted (Ctrl-C), 143 terminated (SIGTERM).
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    verb = (
        next((one for one in given if not one.startswith("-")), None) if given[:1] != ["--print-completion"] else None
    )
    name = "fhr" if verb is None else f"fhr {verb}"
    open_standard_streams()
    together = verb in _TRAINING and is_one_of_several()  # every other verb is a job of its own
    with interruptible(), nullcontext() if together else alone():
        try:
            verbosity, given = _take_verbosity(given)
            with messages(name, verbosity, _in_words_of(verb, given)), slow_imports_are_told():
                code = _run(verb, given)
        except BaseException as error:
            code = _answer(error, name, verb, given)
        hindrance = flush_stdout()
    if code or hindrance is None or isinstance(hindrance, BrokenPipeError):  # `fhr info | head` has what it wants
        return code
    sys.stderr.write(f"{name}: stdout cannot be written ({hindrance.strerror})\n")
    return 2


def _run(verb: str | None, given: list[str]) -> int:
    parser = _parser([verb] if verb else [])
    if not given:
        parser.print_help(sys.stderr)
        return 2
    options, passed_on = parser.parse_known_args(given)
    own = [*options_of(options.parser), *_BESIDE.get(str(verb), ())]
    if passed_on and verb not in _WITH_SETTINGS:
        options.parser.error(_unrecognized(passed_on, own))
    for name in (argument.partition("=")[0] for argument in passed_on):
        if len(name) > 3 and any(whole.startswith(name) and whole != name for whole in own):  # nothing is abbreviated
            raise UnknownOptionError(name, own)
    for variable in ("MLFLOW_DISABLE_TELEMETRY", "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"):
        os.environ.setdefault(variable, "true")  # before anything imports MLflow
    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())  # a network of one's own beside the configuration, as under `python -m`
    logging.getLogger("fhr").debug("fhr %s %s in %s", __version__, verb, os.getcwd())
    take_stdout(options.parser, options)
    try:
        if verb in _TRAINING:
            return _train(verb, options, passed_on)
        if verb in _CONFIGURED:
            here = getattr(options, "scheduler", None) is None
            passed_on += trainer_arguments(options.device, passed_on, here=here)
        options.overrides = passed_on
        code: int = options.run(options)
        return code
    except UnknownOptionError as error:
        raise UnknownOptionError(error.given, [*own, *error.known]) from None


def _train(verb: str, options: argparse.Namespace, passed_on: list[str]) -> int:
    if not passed_on and not options.help_all:
        instead = (
            "`--resume RUN` to go on with one that was stopped" if verb == "fit" else "`--config` and `--ckpt_path`"
        )
        first = "`--config NAME`, such as `fhr fit --config simulated`" if verb == "fit" else "`--run RUN`"
        raise FHRError(f"nothing to do; give {first}, or {instead}; `fhr {verb} --help` says more")
    rest = [*passed_on, *trainer_arguments(options.device, passed_on)]
    from .training import train

    return train(verb, ["--help"] if options.help_all else rest)


def _unrecognized(arguments: list[str], known: list[str]) -> str:
    """Words on what no option takes."""
    option = next((argument.partition("=")[0] for argument in arguments if argument.startswith("-")), None)
    if option is None:
        return f"unrecognized arguments: {' '.join(arguments)}"
    return str(UnknownOptionError(option, known))


def _answer(error: BaseException, name: str, verb: str | None, given: list[str]) -> int:
    """What is said of an error on stderr; the exit code."""
    if (stop := interruption_behind(error)) is not None:
        if stop is not error:
            logging.getLogger("fhr").debug("while stopping", exc_info=error)
        word, code = ("terminated", 143) if isinstance(stop, Terminated) else ("interrupted", 130)
        if is_first_process():
            sys.stderr.write(f"{name}: {word}\n")
        return code
    if isinstance(error, SystemExit) and isinstance(error.code, int | None):  # of a parser, which has said why
        return error.code or 0
    if isinstance(error, BrokenPipeError) and reader_is_gone():
        return 0
    mistake = _mistake(error)
    if mistake is None:
        logging.getLogger("fhr").critical("a fault of this program, not of what was given", exc_info=error)
        return 70
    if not isinstance(mistake_behind(error), ForeignWordsError):
        mistake = _in_words_of(verb, given)(mistake)
    of_process = f"{process}: " if (process := further_process()) else ""  # it may be on one machine alone
    sys.stderr.write(f"{name}: {of_process}{mistake}\n")
    return 2


def _in_words_of(verb: str | None, given: list[str]) -> Callable[[str], str]:
    """What puts a message into the words of the verb's options, as far as there is such a verb."""
    if verb not in _TRAINING | _VERBS:
        return str
    return lambda message: in_option_words(message, parsers_of(_parser([verb]))[verb], given)


def _mistake(error: BaseException | None) -> str | None:
    """The user's mistake that `error` is or was caused by; the parser wraps what constructors raise."""
    from fhr.tracking import store_mistake

    if (failure := store_mistake(error)) is not None:
        return str(failure)
    if isinstance(error, OSError) and error.filename is not None:  # a file that cannot be written, a full disk
        return f"{error.filename}: {error.strerror}"
    if isinstance(error, OSError) and error.errno in _DISK:
        return f"{error}; make room, or choose another place"
    mistake = mistake_behind(error)
    return None if mistake is None else str(mistake)


class _Parser(argparse.ArgumentParser):
    """A parser that knows what was meant."""

    def error(self, message: str) -> NoReturn:
        """Show the usage and the mistake, with the verb that comes closest to an unknown one."""
        if unknown := re.match(r"argument VERB: invalid choice: '(.*?)'", message):
            near = get_close_matches(unknown[1], [*_TRAINING, *_VERBS], n=1)
            meant = f"did you mean {near[0]!r}? " if near else ""
            message = f"unknown verb {unknown[1]!r}; {meant}`fhr --help` lists them"
        super().error(message)


class _PrintCompletion(argparse.Action):
    """An option that prints the script and ends; only it needs the options of all verbs."""

    def __call__(self, parser: argparse.ArgumentParser, _: object, shell: object, __: str | None = None) -> None:
        from .completion import completion

        sys.stdout.write(completion(_parser([*_TRAINING, *_VERBS]), _BESIDE, str(shell)))
        parser.exit()


def _parser(chosen: Collection[str]) -> argparse.ArgumentParser:
    """The parser of all verbs, with the options of the chosen ones: those of the others would cost their imports."""
    parser = _Parser(
        prog="fhr",
        allow_abbrev=False,
        description="Deep learning on intrapartum fetal heart rate. Research software, not a medical device.",
        epilog="`fhr VERB --help` explains a verb. Exit codes: 0 done, 1 some recordings quarantined, "
        "2 usage, 3 a result below the floor that was asked for, 70 a fault of the program, 130 interrupted, "
        "143 terminated.",
    )
    parser.add_argument("--version", action="version", version=f"fhr {__version__}")
    parser.add_argument(
        "--print-completion",
        metavar="SHELL",
        choices=("bash", "zsh", "tcsh"),
        action=_PrintCompletion,
        help="print a script by which this shell completes verbs, options and names",
    )
    _show_verbosity(parser)
    parser.set_defaults(parser=parser)
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True, parser_class=_Parser)
    for verb, text in (_TRAINING | _VERBS).items():
        if verb not in chosen:
            verbs.add_parser(verb, help=text)
        elif verb in _TRAINING:
            sub = verbs.add_parser(verb, help=text, description=text, allow_abbrev=False)
            _add_training(sub)
            sub.set_defaults(parser=sub)
        else:
            module = import_module(f".{verb}", __package__)
            sub = verbs.add_parser(verb, help=text, description=module.__doc__, allow_abbrev=False)
            module.add_arguments(sub)
            if verb in _CONFIGURED:
                add_device(sub, training=True)
            _show_verbosity(sub)
            sub.set_defaults(run=module.run, parser=sub)
    return parser


def _add_training(parser: argparse.ArgumentParser) -> None:
    """The few options that are not LightningCLI's, whose own parser is slow to build; it explains all others."""
    run = "--name NAME] [--resume" if parser.prog.endswith(" fit") else "--run"
    parser.usage = f"{parser.prog} [--config NAME] [{run} RUN] [--device NAME] [--SETTING VALUE ...]"
    parser.epilog = (
        "`fhr fit --config NAME` trains and prints its run id, and `--name` says what to call the run; "
        "`fhr fit --resume RUN` goes on where one was stopped; "
        "`fhr test --run RUN` and `fhr validate --run RUN` take configuration and checkpoint of a run. NAME is a YAML "
        f"file, or a configuration of this package: {', '.join(shipped_configurations())}. Every setting of the "
        "configuration can be given as an option, such as --data.target 'ph<7.05' or --trainer.max_epochs 5; "
        "`fhr fit --config NAME --print_config` shows them all with their values."
    )
    add_device(parser, training=True)
    _show_verbosity(parser, "-v")  # `--verbose true` is Lightning's own
    parser.add_argument("--help-all", action="store_true", help="explain every setting (slow)")


def _show_verbosity(parser: argparse.ArgumentParser, *more: str) -> None:
    """For the help; `_take_verbosity` takes them before and after a verb, also one whose options go elsewhere."""
    parser.add_argument(*(more or ("-v", "--verbose")), action="store_true", help="say more on stderr; -vv still more")
    parser.add_argument("-q", "--quiet", action="store_true", help="say less")


def _take_verbosity(given: list[str]) -> tuple[int, list[str]]:
    """How much more than usual is to be said, and the other arguments."""
    end = given.index("--") if "--" in given else len(given)
    amount, rest = 0, []
    for i, argument in enumerate(given[:end]):
        if argument == "--verbose" and given[i + 1 : i + 2] in (["true"], ["false"]):  # Lightning's, of `test`
            rest.append(argument)
        elif argument in ("--verbose", "--quiet") or re.fullmatch("-[vq]+", argument):
            amount += argument.count("v") - argument.count("q") if argument[1] != "-" else 1 - 2 * (argument[2] == "q")
        else:
            rest.append(argument)
    return amount, [*rest, *given[end:]]
