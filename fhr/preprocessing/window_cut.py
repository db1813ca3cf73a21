"""One window cut out of a recording, so that whatever comes after it sees nothing else.

A window that ends before the recording does says how much earlier a risk could have been seen. It must not tell what
came later. So the rest is taken away before anything else is done: cleaning, held values, quality, features, the
network and typicality are given the window alone, on both sides of which there is nothing. It must not tell either how
long the rest was, since a recording of CTU-UHB is an hour and the second stage. So every window has one length, is
never filled up, and a recording that is too short for it is refused, not shortened.

What a window cannot hide is that a birth without a second stage ends with the recording, on the way to a caesarean
section: `fhr.evaluation.window_audit` measures what signal loss alone tells of the second stage.
"""

from dataclasses import replace
from math import floor, isnan, nan

from fhr.errors import SignalError
from fhr.recording import Recording, Step

__all__ = ["BEFORE", "cut_from", "cut_until", "cut_window", "window_words"]

BEFORE = ("end", "stage2")
"""What a window may end before: the end of the recording, or the start of the second stage."""
_STEP = "cut_window"


def cut_window(recording: Recording, *, minutes: float, before: str = "end", withheld: float = 0.0) -> Recording:
    """Cut the `minutes` that end `withheld` minutes before the end of the recording, or before the second stage.

    A recording without a second stage is cut before its end: there was none, or it has not begun. Where the second
    stage began is `stage2_start`, or else the noted length of the second stage before the end. A recording of this very
    cut is given back as it is.

    The result has the signals of the window, a `stage2_start` counted from the window's start (NaN where it is later),
    and in its history where the window lay. `clinical.second_stage` is filled in where it can be told from
    `stage2_start`: it is a descriptor of the birth, for controls, as the delivery type is.

    Args:
        recording: whole.
        minutes: length of the window.
        before: one of `BEFORE`.
        withheld: minutes between the window and what it ends before.

    Raises:
        SignalError: the recording is too short, or another window was cut out of it already.
    """
    asked = {"minutes": float(minutes), "before": before, "withheld": float(withheld)}
    if (done := _done(recording)) is not None:
        if asked.items() <= done.parameters.items():
            return recording
        raise SignalError(
            f"{recording.name}: another window was cut out of it already ({dict(done.parameters)}); give the whole "
            "recording"
        )
    fs, begun = recording.fs, _stage2_start(recording)
    before_stage2 = before == "stage2" and begun < recording.duration  # NaN: there was none
    anchor = floor(begun * fs + 1e-6) if before_stage2 else len(recording)
    end = anchor - round(withheld * 60 * fs)
    start = end - round(minutes * 60 * fs)
    if start < 0:
        what = "before the second stage" if before_stage2 else "in all"
        raise SignalError(
            f"{recording.name}: {max(anchor, 0) / fs / 60:.1f} min of signal {what}, where {minutes + withheld:g} min "
            f"are needed ({minutes:g} min of window, {withheld:g} min withheld); take a shorter window "
            "(`--data.window_minutes`): one that is filled up would tell how long the rest was"
        )
    clinical = recording.clinical
    if isnan(clinical.second_stage) and begun < recording.duration:
        clinical = replace(clinical, second_stage=(recording.duration - begun) / 60)
    where = {
        "start": start / fs,
        "end": end / fs,
        "recorded": recording.duration,
        "at": "stage2" if before_stage2 else "end",
    }
    return recording.after(
        Step(_STEP, {**asked, **where, "of": recording.digest}),
        fhr=recording.fhr[start:end],
        uc=recording.uc[start:end],
        mhr=None if recording.mhr is None else recording.mhr[start:end],
        stage2_start=recording.stage2_start - start / fs if recording.stage2_start < end / fs else nan,
        clinical=clinical,
    )


def cut_from(recording: Recording) -> str:
    """Digest of the recording that a window was cut from; empty where none was cut."""
    done = _done(recording)
    return "" if done is None else str(done.parameters.get("of", ""))


def cut_until(recording: Recording) -> float:
    """End of the window that a recording is, s from the start of what it was cut from; its length where none was cut.

    Args:
        recording: a window of `cut_window`, or a whole one.
    """
    done = _done(recording)
    return recording.duration if done is None else float(done.parameters["end"])


def window_words(recording: Recording) -> str:
    """Describe the window that was cut out of a recording in words; empty where none was cut."""
    if (done := _done(recording)) is None:
        return ""
    where = done.parameters
    minutes, withheld = where["minutes"], where["withheld"]
    lead = f"{withheld:g} min before " if withheld else "with "
    end = "the start of the second stage" if where["at"] == "stage2" else "the end of the recording"
    instead = ", no second stage is known" if where["before"] != where["at"] else ""
    return (
        f"window of {minutes:g} min that ends {lead}{end}{instead}, "
        f"{(where['recorded'] - where['end']) / 60:.3g} min before the end of the recording"
    )


def _done(recording: Recording) -> Step | None:
    return next((step for step in recording.history if step.name == _STEP), None)


def _stage2_start(recording: Recording) -> float:
    """Start of the second stage, s; NaN where none is known."""
    noted = recording.clinical.second_stage
    if isnan(recording.stage2_start) and noted > 0:
        return recording.duration - 60 * noted
    return recording.stage2_start
