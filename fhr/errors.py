"""Errors that a user sees. Each message names what was given, what is wrong with it, and what to do."""

__all__ = [
    "CheckpointError",
    "DatasetNotFoundError",
    "FHRError",
    "FormatError",
    "NetworkError",
    "OutcomeError",
    "SignalError",
    "SplitError",
    "TrackingError",
    "interruption_behind",
    "mistake_behind",
]


class FHRError(Exception):
    """Any mistake in what a user gave: a file, a name, a parameter. The command line exits with 2 on it."""


class FormatError(FHRError):
    """A file that is not what its format says: truncated, contradictory, a wrong checksum."""


class DatasetNotFoundError(FHRError):
    """A folder that is missing or holds no recording."""


class SignalError(FHRError):
    """A recording that reads well but cannot be used: no valid signal, too short, an unfit sampling rate."""


class OutcomeError(FHRError):
    """A target that is not defined, or that the recordings do not carry."""


class SplitError(FHRError):
    """A split that cannot be made, or that does not belong to these recordings."""


class CheckpointError(FHRError):
    """A checkpoint that is missing, untrained, of another format, or unfit for the data."""


class TrackingError(FHRError):
    """A store of runs that cannot be reached, read or written, or a run that another process works on."""


class NetworkError(FHRError):
    """A network of a user's own that fails checks of `fhr.testing`."""


def interruption_behind(error: BaseException | None) -> KeyboardInterrupt | None:
    """The interruption that `error` is or came of: Lightning answers one with an exit code of its own."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__context__ or error.__cause__
    return error


def mistake_behind(error: BaseException | None) -> FHRError | None:
    """The mistake of a user that `error` is or came of: a parser wraps what constructors raise."""
    while error is not None and not isinstance(error, FHRError):
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return error
